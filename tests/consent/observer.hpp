// Watches a session from outside: hands every event to rules and oracle, carries effects out on a real gate, and says
// which promise was broken. A promise is broken if explain() is not empty after an event.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consent/gate.hpp"
#include "consent/rules.hpp"
#include "kept.hpp"
#include "oracle.hpp"

namespace unavoce::consent::test {

/// The service dies and is started again. What it knows then is what its ledger kept (server/meetings.cpp), and before
/// it lets anybody in it has ended the takes that were running and erased what was withdrawn (server/recovery.cpp).
struct Crash {
  /// Approvals that were durable, but not told yet.
  std::vector<Approved> in_ledger{};
  /// If the last event was a refusal or a withdrawal: it was neither durable nor acknowledged.
  bool last_word_lost = false;
  /// If a take was being prepared: the service came to write it, but that was not told yet.
  bool take_durable = false;
};

class Observer {
 public:
  /// Whether the oracle can be held against the rules exactly, or only for what must not happen.
  enum class Strictness { exact, sound };

  Observer(MeetingState state, Strictness strictness)
      : state_(std::move(state)), oracle_(state_.room_statement), strictness_(strictness) {}

  /// Returns what the rules ordered. Told is what the service tells (`as_told`).
  std::vector<Effect> tell(const Event& claimed, TimeMs now);

  /// The service comes to write the take that is prepared into its ledger, and does if the rules still want it
  /// (server/meeting_takes.cpp); what happens before they are told, happens meanwhile. Nothing if none is prepared.
  void write_take();
  /// Whether the take that is prepared is in the ledger.
  bool take_is_written() const { return preparing_ && takes_.at(*preparing_).durable; }

  /// What the service tells of the take that is prepared, instead of what is claimed: one that was overtaken before it
  /// was written has failed; one that is written is durable. Any other event is told as it is.
  Event as_told(const Event& event, TimeMs now) const;

  /// Everybody is out, the gate is closed, and the rules begin with what the ledger kept. Returns what is erased at the
  /// start: the approvals that are withdrawn in the recording that goes on, most of them erased before.
  Erase crash(const Crash& crash, TimeMs now);

  const MeetingState& state() const { return state_; }
  bool open() const { return gate_.is_open(); }
  /// The first promise that was broken; empty while all hold.
  const std::string& explain() const { return broken_; }
  std::size_t openings() const { return openings_; }
  /// Of these, in a recording that went on after a crash.
  std::size_t resumptions() const { return resumptions_; }
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
  bool is_prepared(const RecordingId& recording, std::uint32_t take) const;
  void check_written();
  std::optional<std::set<StatementId>> standing_of(const TakeRecord& take) const;
  void carry_out(const std::vector<Effect>& effects, TimeMs now);
  void on(const CloseGate& effect, TimeMs now);
  void on(const RevokeKinds& effect, TimeMs now);
  void on(const EndTake& effect, TimeMs now);
  void on(const Erase& effect, TimeMs now);
  void on(const EndRecording& effect, TimeMs now);
  void on(const TellHostRefused& effect, TimeMs now);
  void on(const PrepareTake& effect, TimeMs now);
  void on(const OpenGate& effect, TimeMs now);
  void lose_last_word();
  void end_takes();
  void check_all();
  void check_gate();
  void check_withdrawals();
  void check_withdrawals_afterwards();
  void check_door();

  MeetingState state_;
  Oracle oracle_;
  Kept kept_;
  Strictness strictness_;
  Gate gate_;
  std::optional<Permit> permit_;
  std::optional<TakeName> running_;
  std::optional<TakeName> preparing_;
  std::map<TakeName, TakeRecord> takes_;
  std::map<RecordingId, std::uint32_t> last_take_;
  std::set<RecordingId> over_;
  std::set<StatementId> erased_;
  std::vector<StatementId> erased_last_;  ///< by the last event
  std::optional<RecordingId> going_on_;   ///< taken up again after a crash
  std::size_t openings_ = 0;
  std::size_t resumptions_ = 0;
  std::string broken_;
};

}  // namespace unavoce::consent::test
