// A meeting of the random walk (tests/consent/random_events.hpp) on a real recorder: the rules decide and are held
// against the oracle at every step, a real gate opens and closes, numbered publishers send all the time, whatever was
// agreed. Keeps what the gate did and who sent what, so that every track file can be compared with it afterwards.
// Owner: the test. Thread: one per meeting; several meetings share a recorder. Errors: std::runtime_error.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "consent/rules.hpp"
#include "crypto/x25519.hpp"
#include "house.hpp"
#include "publisher.hpp"
#include "tests/consent/observer.hpp"
#include "tests/consent/random_events.hpp"

namespace unavoce::recorder::test {

class RandomMeeting {
 public:
  /// Meeting `seed` of the walk: the exact one if it is odd, else the one with people who confirm.
  RandomMeeting(House& house, std::uint64_t seed);
  ~RandomMeeting();
  RandomMeeting(const RandomMeeting&) = delete;
  RandomMeeting& operator=(const RandomMeeting&) = delete;

  /// How many people there are in that meeting.
  static std::int64_t people(std::uint64_t seed);

  /// Lives through the meeting until two takes were recorded, or so much happened that there will be none, and until
  /// all files are finished. Some seconds.
  void play();

  /// What is wrong with the rules or in the files, one line each; empty if every file holds what the gate allowed and
  /// nothing else.
  const std::vector<std::string>& wrong() const { return wrong_; }

  /// What was compared, to see that the meetings were not empty.
  struct Compared {
    std::size_t takes = 0, files = 0, frames = 0, erased = 0, events = 0, crashes = 0;
    /// Of the frames, those outside a permit: from before its opening, from after its closing, of a kind that was not
    /// approved.
    std::size_t early = 0, late = 0, not_approved = 0;
  };
  const Compared& compared() const { return compared_; }

 private:
  struct Someone {
    std::string name;  ///< among all meetings
    std::unique_ptr<Publisher> publisher;
    std::string resource;
    bool connected = false;
    std::vector<SentFrame> sent;  ///< of publishers that are gone
    /// Between the arrival of a publisher's media and the moment it was told to stop.
    struct Live {
      std::int64_t from_ns, until_ns;
    };
    std::vector<Live> live;

    std::vector<SentFrame> all_sent() const;
  };
  /// An approval.
  struct Given {
    const Someone* who = nullptr;
    crypto::Identity identity = crypto::Identity::generate();
    std::map<consent::Kind, std::int64_t> revoked_ns;
    bool withdrawn = false;
  };
  /// A take that the rules ordered to prepare.
  struct Due {
    consent::PrepareTake order;
    bool on_disk = false;
  };
  /// A take whose gate was open.
  struct Opened {
    consent::Permit permit;
    std::vector<consent::Granted> roster;
  };
  using TakeName = std::pair<consent::RecordingId, std::uint32_t>;

  // ---- what happens (random_meeting.cpp)

  void happens(const consent::Event& claimed);
  void write_take();
  void crash(consent::test::Crash crash);
  void approve(const consent::Approved& approved);
  void make_true(const consent::Event& event);
  void linger();
  void tell(const consent::Event& event);
  void check();

  // ---- what the rules order

  void carry_out(const consent::Effect& effect);
  void prepare();
  void give_up_preparation();
  void open(const consent::OpenGate& effect);
  void revoke(const consent::RevokeKinds& effect);
  void end_take(const consent::EndTake& effect);
  void finish(const TakeName& take);
  void erase(const consent::Erase& effect);
  void abort(const consent::RecordingId& recording, const consent::StatementId& approval);
  void erase_of_take(const TakeName& take, const consent::StatementId& approval);
  void note_withdrawn(const std::vector<consent::StatementId>& approvals);

  // ---- people and their media

  Someone& someone(const consent::ParticipantId& id);
  Someone& remember(const consent::Approved& approved);
  void publish(Someone& who);
  void await_connected(Someone& who);
  void drop(Someone& who);
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  // ---- the comparison (random_meeting_files.cpp)

  std::vector<std::string> files_of(const TakeName& take, const consent::StatementId& approval) const;
  void compare(const Opened& take, const consent::Granted& seat);
  std::set<FrameName> written_in(const consent::RecordingId& recording, const std::string& name, const Given& given);
  void compare_stream(const Opened& take, const consent::Granted& seat, Stream stream,
                      const std::set<FrameName>& written);

  House& house_;
  Recorder& recorder_;
  std::string name_;
  consent::test::RandomEvents events_;
  consent::test::Observer observer_;
  std::mt19937 random_;  ///< for what the walk knows nothing of: media, and how long things take
  consent::Gate gate_;
  std::map<consent::ParticipantId, Someone> people_;
  std::map<consent::StatementId, Given> given_;
  std::optional<Due> due_;
  std::optional<TakeName> running_;
  std::vector<Opened> opened_;
  std::set<std::tuple<consent::RecordingId, std::uint32_t, consent::StatementId>> erased_;  ///< of whole takes
  std::vector<std::string> wrong_;
  Compared compared_;
};

}  // namespace unavoce::recorder::test
