// What all scripts have in common: a service on a disk that may fail at one place, people who wait for the disk to be
// healed when they are told that it failed and then do the same again, and what every play is held to when it is over:
// the log names the file, and `unavoce fsck` finds nothing.
//
// Owner: the script, which derives from it. Thread: the script's. Errors: complaints; what is thrown ends the play and
// is one, too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fault.hpp"
#include "faulty_service.hpp"
#include "tests/server/attendee.hpp"
#include "tests/server/running_server.hpp"

namespace unavoce::faults {

class FaultPlay {
 public:
  FaultPlay(const FaultPlay&) = delete;
  FaultPlay& operator=(const FaultPlay&) = delete;

 protected:
  explicit FaultPlay(const std::optional<Fault>& fault, Sweeps sweeps = Sweeps::rarely);
  ~FaultPlay() = default;

  void complain(const std::string& text) { complaints_.push_back("[" + phase_ + "] " + text); }
  void complain_of(const std::vector<std::string>& texts);
  /// From now on the script is here.
  void enter(const std::string& phase);

  /// Somebody was told `text` instead of success: only ever because of the disk, and in words.
  void check_told(const std::string& text);
  /// The same, and the disk is healed.
  void told(const std::string& text);
  /// The same, as an answer.
  void told(const server::test::Reply& reply);
  /// Does something until it answers `status`.
  template <class Act>
  server::test::Reply until_answered(unsigned status, Act act) {
    for (;;) {
      server::test::Reply reply = act();
      if (reply.status == status) return reply;
      told(reply);
    }
  }
  /// The same of what is answered with JSON, or nothing.
  template <class Act>
  server::test::Json until_done(unsigned status, Act act) {
    const server::test::Reply reply = until_answered(status, act);
    return reply.body.empty() ? server::test::Json() : server::test::Json::parse(reply.body);
  }
  /// Does something until it throws nothing.
  template <class Act>
  void until_it_works(Act act) {
    for (;;) {
      try {
        return act();
      } catch (const std::exception& failure) {
        told(failure.what());
      }
    }
  }

  /// Whoever runs the machine reads why it does not start, and starts it again.
  void start_service();
  /// Ends it; what SQLite does when it closes its files is a phase of its own, `closing`.
  void end_service();
  /// The service has ended: looks at the log and at the data folder.
  Played finish();

  const std::optional<Fault> fault_;
  server::test::TemporaryFolder folder_;
  const std::filesystem::path data_ = folder_.path() / "data";
  FaultyDisk disk_{data_};
  LogBook book_;
  std::unique_ptr<FaultyService> service_;
  bool told_ = false;

 private:
  bool may_be_told_again();
  void look_at_the_data_folder();

  const Sweeps sweeps_;
  std::string phase_ = "start";
  std::vector<std::string> complaints_;
  std::string start_errors_;
  int times_told_ = 0;
};

}  // namespace unavoce::faults
