// Sessions without pipelines that hang where a test wants it: what the tests and the double of
// recorder/whip_session.cpp share. Owner: the program, which has one of it. Thread: any. Errors: none.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "recorder/whip_session.hpp"

namespace unavoce::recorder::test {

/// An offer of one stream, by whose name the double knows the session.
std::string offer_of(const std::string& name, Stream stream);

/// What a session can hang in, or fail at.
enum class Step { answer_fails, going_down, key_frame, candidates };

class HungSessions {
 public:
  /// Sessions of this name hang (or fail) there from now on.
  void let_hang(const std::string& name, Step step);
  /// None hangs any more.
  void let_go_on();
  /// Waits until so many hang at once; false after 10 s.
  bool await_hanging(int count);
  /// Waits until there are no sessions any more; false after 10 s.
  bool await_all_gone();
  /// Waits until a key frame of this one was asked for, be it that the request hangs; false after 10 s.
  bool await_keyframe_request(const std::string& name);
  /// What the newest session of this name tells its owner with, also while it goes down.
  std::shared_ptr<const SessionHooks> hooks_of(const std::string& name);
  /// How often the watch looked after this one.
  int looks_at(const std::string& name);

  // ---- the double's side

  void made(const std::string& name, SessionHooks hooks);
  void gone();
  void looked(const std::string& name);
  void asked(const std::string& name);
  bool is_to(const std::string& name, Step step);
  void hang_if_told(const std::string& name, Step step);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<std::string, Step>> told_;
  std::map<std::string, std::shared_ptr<const SessionHooks>> hooks_;
  std::map<std::string, int> looks_;
  std::set<std::string> asked_;
  int sessions_ = 0;
  int hanging_ = 0;
};

HungSessions& hung_sessions();

/// Lets all go on when a test ends, however it ends, and waits until they are gone: before the stage in a test.
class LetGoOn {
 public:
  LetGoOn() = default;
  ~LetGoOn() {
    hung_sessions().let_go_on();
    (void)hung_sessions().await_all_gone();
  }
  LetGoOn(const LetGoOn&) = delete;
  LetGoOn& operator=(const LetGoOn&) = delete;
};

}  // namespace unavoce::recorder::test
