// Watches a session from outside: hands every event to rules and oracle, carries effects out on a real gate, and says
// which promise was broken. A promise is broken if explain() is not empty after an event.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "consent/gate.hpp"
#include "consent/rules.hpp"
#include "oracle.hpp"

namespace unavoce::consent::test {

class Observer {
 public:
  /// Whether the oracle can be held against the rules exactly, or only for what must not happen.
  enum class Strictness { exact, sound };

  Observer(MeetingState state, Strictness strictness)
      : state_(std::move(state)), oracle_(state_.room_statement), strictness_(strictness) {}

  void tell(const Event& event, TimeMs now);

  const MeetingState& state() const { return state_; }
  bool open() const { return gate_.is_open(); }
  /// The first promise that was broken; empty while all hold.
  const std::string& explain() const { return broken_; }
  std::size_t openings() const { return openings_; }
  std::size_t erasures() const { return erased_.size(); }

 private:
  struct TakeRecord {
    std::set<StatementId> named;
    bool durable = false;
    bool opened = false;
    bool ended = false;
    bool overtaken = false;  ///< at some moment since PrepareTake other people, or nobody, might have been recorded
  };
  using TakeName = std::pair<RecordingId, std::uint32_t>;

  void expect(bool holds, const char* promise);
  void carry_out(const std::vector<Effect>& effects, TimeMs now);
  void on(const CloseGate& effect, TimeMs now);
  void on(const RevokeKinds& effect, TimeMs now);
  void on(const EndTake& effect, TimeMs now);
  void on(const Erase& effect, TimeMs now);
  void on(const EndRecording& effect, TimeMs now);
  void on(const TellHostRefused& effect, TimeMs now);
  void on(const PrepareTake& effect, TimeMs now);
  void on(const OpenGate& effect, TimeMs now);
  void check_gate();
  void check_withdrawals();
  void check_door();

  MeetingState state_;
  Oracle oracle_;
  Strictness strictness_;
  Gate gate_;
  std::optional<Permit> permit_;
  std::optional<TakeName> running_;
  std::optional<TakeName> preparing_;
  std::map<TakeName, TakeRecord> takes_;
  std::map<RecordingId, std::uint32_t> last_take_;
  std::set<RecordingId> over_;
  std::set<StatementId> erased_;
  std::size_t openings_ = 0;
  std::string broken_;
};

}  // namespace unavoce::consent::test
