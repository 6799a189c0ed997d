// A random meeting on a real recorder: people join, approve all or part, refuse, withdraw, leave, drop without a word;
// the rules decide (consent/rules.hpp), a real gate opens and closes, numbered publishers send all the time. Keeps
// what the gate did and who sent what, so that every track file can be compared with it afterwards.
// Owner: the test. Thread: one per meeting; several meetings share a recorder. Errors: std::runtime_error.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "consent/rules.hpp"
#include "publisher.hpp"
#include "recorder/recorder.hpp"
#include "stage.hpp"

namespace unavoce::recorder::test {

/// The recorder that several meetings share; carries out what its events ask for, as the server does.
class House {
 public:
  House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House();

  /// Waits until media of this WHIP session has arrived.
  void await_connected(const std::string& resource);
  std::filesystem::path path_of(const consent::RecordingId& recording, const std::string& name) const;

 private:
  void run(const std::stop_token& stop);

  TempFolder folder_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Event> events_;
  std::set<std::string> connected_;

 public:
  storage::BlobStore blobs;
  std::unique_ptr<Recorder> recorder;

 private:
  std::jthread thread_;
};

class RandomMeeting {
 public:
  RandomMeeting(House& house, unsigned seed);
  ~RandomMeeting();
  RandomMeeting(const RandomMeeting&) = delete;
  RandomMeeting& operator=(const RandomMeeting&) = delete;

  /// Lives through the whole meeting, until everybody has left and all files are finished. Some seconds.
  void play();

  /// What is wrong in the files, one line each; empty if every file holds what the gate allowed and nothing else.
  const std::vector<std::string>& wrong() const { return wrong_; }

  /// What was compared, to see that the meetings were not empty.
  struct Compared {
    std::size_t takes = 0, files = 0, frames = 0, erased = 0, events = 0;
    std::size_t outside = 0;  ///< of the frames: written, but outside a permit
  };
  const Compared& compared() const { return compared_; }

 private:
  struct Someone;
  struct Given;   // an approval
  struct Opened;  // a take whose gate was open

  void tell(const consent::Event& event);
  void carry_out(const consent::Effect& effect);
  void end_take(const consent::EndTake& effect);
  void erase(const consent::Erase& effect);
  void prepare_what_is_due();

  void something_happens();
  void join();
  void approve(Someone& who, consent::Scope scope);
  void publish(Someone& who);
  void await_connected(Someone& who);
  void drop(Someone& who);

  Someone& anybody();
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void compare(const Opened& take, const consent::Granted& seat);
  std::set<FrameName> written_in(const std::string& name, const Given& given);
  void compare_stream(const Opened& take, const consent::Granted& seat, Stream stream,
                      const std::set<FrameName>& written);

  House& house_;
  Recorder& recorder_;
  std::mt19937 random_;
  std::string name_;
  consent::MeetingState state_;
  consent::Gate gate_;
  consent::RecordingId recording_ = consent::RecordingId::random();
  std::vector<std::unique_ptr<Someone>> people_;
  std::map<consent::StatementId, Given> given_;
  std::vector<Opened> opened_;
  std::vector<consent::PrepareTake> due_;
  std::vector<std::string> wrong_;
  Compared compared_;
};

}  // namespace unavoce::recorder::test
