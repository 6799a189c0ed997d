// The rules of consent (DESIGN section 5) as one pure function: what happened, and when → what now holds, and what to
// do. No clock, no I/O, no randomness, no failure; any thread. Drawn in docs/STATE_MACHINE.md. The gate is open exactly
// between the effects OpenGate and CloseGate. Doubt closes: events that do not fit the state never open anything.
// Errors (of admit only): unknown_reference, not_permitted, expired, conflict.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "consent/error.hpp"
#include "consent/events.hpp"
#include "consent/meeting.hpp"
#include "consent/statements.hpp"

namespace unavoce::consent {

struct Step {
  MeetingState state;
  std::vector<Effect> effects;
};

/// What the event does. Statements that the ledger already had (a repeated POST) are not told again. A `now` before the
/// latest one seen counts as the latest one.
Step step(MeetingState state, const Event& event, TimeMs now);

/// Whether a take that is being prepared may still be written to the ledger and shown to hosts: by then (`now`) nothing
/// has happened that would keep it from opening. If not, tell TakeFailed: it counts as no fault, and the next take, if
/// any, is ordered at once.
bool is_wanted(const MeetingState& state, const RecordingId& recording, std::uint32_t take, TimeMs now);

/// When the next Tick is due: the earliest end of the request or of a live approval; nothing without a request.
std::optional<TimeMs> next_deadline(const MeetingState& state);

// ---- from checked statements (checks.hpp) to events. Call admit on arrival, before the ledger is asked.

/// Does the request fit the room as it now is? Its event is told once the ledger holds it.
Result<Requested> admit(const MeetingState& state, const Signed<Request>& request, const Signed<Room>& room);

/// Is this person here, under this key, in this role, asked this, and free to approve? Its event is told once the
/// ledger holds it. A key that withdrew everything is `not_permitted`: it comes back with a fresh one.
Result<Approved> admit(const MeetingState& state, const Signed<Approval>& approval);

/// The same for a refusal. Its event is told at once.
Result<Refused> admit(const MeetingState& state, const Signed<Refusal>& refusal);

/// Is this person here again, under the key of the approval that rests, and is it this one? Its event is told at once:
/// it can open the gate, but the approval it rests on is in the ledger.
Result<Confirmed> admit(const MeetingState& state, const Signed<Confirmation>& confirmation);

/// The event of a withdrawal, to be told at once to the session of its recording, if there is one.
Withdrawn withdrawn_by(const Signed<Withdrawal>& withdrawal);

// ---- what a withdrawal does where no session runs (afterwards, and at start)

/// An approval or a withdrawal as it stands in the ledger.
struct ApprovalRow {
  StatementId id;
  crypto::PublicKey key;
  Scope scope;
  std::uint64_t sequence;
};
struct WithdrawalRow {
  crypto::PublicKey key;
  Scope kinds;
  std::uint64_t sequence;
};

/// Nothing is left of what was granted. Of an empty scope nothing can be taken: only a withdrawal of everything ends
/// it.
bool leaves_nothing(Scope granted, Scope taken) noexcept;

/// Which approvals of one recording are withdrawn as a whole, so that W and tracks must be gone. A withdrawal of all
/// kinds covers every approval of its key, earlier or later; one of some kinds covers the earlier ones, and once
/// nothing is left of what such an approval granted, it counts as withdrawn as a whole.
std::vector<StatementId> wholly_withdrawn(std::span<const ApprovalRow> approvals,
                                          std::span<const WithdrawalRow> withdrawals);

/// What withdrawals leave of one approval; nothing if it is withdrawn as a whole. (An approval of nothing that was not
/// withdrawn has an empty scope left.)
std::optional<Scope> left_of(const ApprovalRow& approval, std::span<const WithdrawalRow> withdrawals);

/// An approval or a refusal as it stands in the ledger.
struct AnswerRow {
  StatementId id;
  crypto::PublicKey key;
  std::uint64_t sequence;
};

/// Whether one of these approvals is not among the answers, or its key has answered once more since: a take that names
/// it would be no evidence of what was agreed to. Of withdrawals left_of() says what they leave.
bool is_overruled(std::span<const StatementId> named, std::span<const AnswerRow> answers);

/// A session whose service was restarted: the request is still in force, nobody is here yet, the gate is closed.
/// `answers` are the Approved, Refused and Withdrawn events of the recording, in the ledger's order; `next_take` comes
/// after every take that was ever prepared. Tell Tick next: the request may have expired meanwhile.
MeetingState restored(const RequestTerms& terms, std::span<const Event> answers, std::uint32_t next_take);

}  // namespace unavoce::consent
