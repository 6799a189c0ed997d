// A meeting over one data folder that is killed again and again: each life of the service goes through a random script
// up to the phase in which it dies. After every death the aftermath is looked at.
// Owner: the test. Thread: the test's. Errors: what is wrong is told in words; std::runtime_error when the service
// fails while it lives.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aftermath.hpp"
#include "chronicle.hpp"
#include "dice.hpp"
#include "person.hpp"
#include "unavoced.hpp"

namespace unavoce::crash {

enum class Phase {
  starting,
  recovering,  ///< in the middle of a take, beside a recording that is half erased, and then again and again while that
               ///< death is being cleared up
  joining,
  asking,  ///< also for a recording that takes the place of a running one
  approving,
  preparing,  ///< the last approval is in, the take is made durable
  recording,
  late_join,
  withdrawing,
  leaving,   ///< a take ends
  stopping,  ///< a recording ends
  erasing,   ///< one that has ended is erased for its host
};

const char* name_of(Phase phase);
std::vector<Phase> all_phases();

class Play {
 public:
  explicit Play(std::uint64_t seed);
  ~Play();

  /// One life, up to the kill in this phase. What the aftermath of the one before was like; stops there if it was bad.
  std::vector<std::string> live_and_die(Phase phase);
  /// A last life: what the last kill left; then every recording is ended by its host, and verifies as a whole.
  std::vector<std::string> look_back();

  const Aftermath::Figures& figures() const { return aftermath_->figures(); }
  /// How many kills came while a death was being cleared up.
  unsigned killed_in_recovery() const { return killed_in_recovery_; }
  /// How many came between the note of an erasure and its end.
  unsigned killed_in_erasure() const { return killed_in_erasure_; }
  std::string log_end() const { return service_.log_end(); }

 private:
  std::vector<std::string> begin();
  void reach(Phase phase);
  void die_in(Phase phase);
  void clear_up();
  void die_in_recovery();
  void die_in_erasure();
  std::vector<std::string> wrong_for_fsck();

  void gather();
  void ask();
  void approve_all();
  void await_open();
  void await_media();
  void something_happens();
  /// Those who have a seat, the late one, too.
  std::vector<Person*> present();
  void comes_back(Person& person);
  void late_join();
  void stop();
  void stop(const consent::RecordingId& recording);
  server::test::Reply erase(const consent::RecordingId& recording);
  void leave_half_erased();
  Person& host() { return *people_.front(); }
  Person& somebody();

  Dice dice_;
  Unavoced service_;
  std::optional<server::test::Host> room_;
  std::vector<std::unique_ptr<Person>> people_;  // the host is the first
  std::unique_ptr<Person> late_;
  Chronicle chronicle_;
  std::unique_ptr<Aftermath> aftermath_;
  std::chrono::steady_clock::time_point ready_;
  std::optional<Chronicle::Interrupted> running_;  // the take that nothing ends but the kill
  std::filesystem::path stuck_;                    // what keeps a recording from being erased to its end
  unsigned killed_in_recovery_ = 0;
  unsigned killed_in_erasure_ = 0;
};

}  // namespace unavoce::crash
