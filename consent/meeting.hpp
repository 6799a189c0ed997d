// MeetingState: all that the rules know about one session, as a value; and what can be told to people, derived from it.
// Owner: the server's control thread keeps one per session and hands it through step() (rules.hpp); it changes nothing
// in it by itself. A new session starts with `MeetingState{.room_statement = …}`. Nothing here fails.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "consent/gate.hpp"
#include "consent/ids.hpp"
#include "consent/scope.hpp"
#include "consent/statement_types.hpp"

namespace unavoce::consent {

/// In front of the door (answers the prompt, is not in the meeting) or in the meeting, that is on the roster.
enum class Place : std::uint8_t { lobby, room };

/// What a person's last word to the present request is.
enum class Answer : std::uint8_t { none, approved, refused, withdrawn };

/// Counts the steps of a session. Answers are checked before, and take effect after, they became durable; the moment
/// tells whether something overtook them meanwhile.
using Moment = std::uint64_t;

/// A person in the session. `answer` is `approved` exactly as long as `approval` names a live one.
struct Member {
  crypto::PublicKey key;
  Role role;
  Place place;
  Answer answer = Answer::none;
  std::optional<StatementId> approval{};
  Moment changed = 0;  ///< when they came, refused or withdrew: answers checked earlier than that are void
};

/// What the rules need to know of a request and its room.
struct RequestTerms {
  StatementId request;
  RecordingId recording;
  StatementId room_statement;
  Scope scope;
  Scope minimum_scope;
  bool names_refusals;
  WithdrawalErases withdrawal_erases;
  TimeMs expires;
};

/// An approval of this recording that was not withdrawn as a whole: live, superseded, or of somebody who left.
struct GivenApproval {
  ParticipantId participant;
  crypto::PublicKey key;
  Scope scope;  ///< what is left of it after partial withdrawals
  TimeMs expires;
};

/// A partial withdrawal, remembered for approvals that are still on their way into the ledger.
struct Lessening {
  crypto::PublicKey key;
  Scope kinds;
  Moment at;
};

/// One person of a take.
struct Seat {
  ParticipantId participant;
  StatementId approval;
  crypto::PublicKey key;
  Scope scope;
};

/// A take with the gate open. Seats ascend by approval id.
struct RunningTake {
  std::uint32_t take;
  std::vector<Seat> roster;
};

/// A request in force.
struct Recording {
  explicit Recording(const RequestTerms& request) : terms(request) {}

  RequestTerms terms;
  std::map<StatementId, GivenApproval> approvals{};
  std::map<ParticipantId, StatementId> resting{};  ///< approvals of people who left; Confirmed brings them back
  std::set<StatementId> gone{};                    ///< withdrawn as a whole; an approval comes into force only once
  std::set<crypto::PublicKey> withdrawn{};         ///< keys that withdrew everything: they cannot approve again
  std::vector<Lessening> lessenings{};
  std::uint32_t next_take = 1;
  std::optional<RunningTake> running{};
  std::optional<EndReason> last_end{};  ///< why the last take ended, or the last preparation came to nothing
};

/// No approval of this key is brought back by Confirmed any more: its last word is another one.
void forget_resting(Recording& recording, const crypto::PublicKey& key);

/// A take on its way: PrepareTake was ordered, TakeDurable or TakeFailed has not come yet. At most one at a time.
struct Preparation {
  RecordingId recording;
  std::uint32_t take;
  std::vector<Seat> roster;
  WithdrawalErases withdrawal_erases;
  std::optional<EndReason> outdated{};        ///< something happened: this take must never open
  std::vector<StatementId> abort{};           ///< withdrawn meanwhile: their files must not stay
  std::optional<EndReason> then_recording{};  ///< the recording ended meanwhile, for this reason
};

/// What can break underneath.
enum class Part : std::uint8_t { ledger, recorder };

struct MeetingState {
  StatementId room_statement;
  std::map<ParticipantId, Member> members{};
  std::optional<Recording> recording{};
  std::optional<Preparation> preparation{};
  std::set<RecordingId> ended{};  ///< recordings of this session that are over: none of them comes back
  std::set<Part> faults{};
  TimeMs now{};       ///< the latest time ever seen: time does not run backwards here, whatever the clock does
  Moment moment = 0;  ///< number of the last step
};

// ---- the door (rooms with a lobby)

/// Whether somebody who comes now has to answer before they enter: the room has a lobby, and a request is in force.
/// Hosts enter at once: what ends a recording is inside.
bool answers_at_the_door(const MeetingState& state, const Room& room, Role role) noexcept;

/// Who is in front of the door and need not wait any more: they approved, or nothing is asked any more. Tell Joined.
std::vector<ParticipantId> may_enter(const MeetingState& state);

/// Inside, that is on the roster; not in front of the door.
bool is_in_room(const MeetingState& state, const ParticipantId& participant) noexcept;

// ---- what may be written of a take

/// What may be recorded of an approval in the take that runs: what was granted and not taken back since. Empty for any
/// other take.
Scope may_be_recorded(const MeetingState& state, const RecordingId& recording, std::uint32_t take,
                      const StatementId& approval);

// ---- what can be told to people (pure, derived)

bool gate_is_open(const MeetingState& state) noexcept;

/// The person is in force as approved: this very request, not expired, not withdrawn, minimum scope covered.
bool has_live_approval(const MeetingState& state, const Member& member) noexcept;

/// Everybody in the room if all of them have a live approval, a host is there and nothing is broken; else nothing.
std::optional<std::vector<Seat>> complete_roster(const MeetingState& state);

/// Who is in the room without a live approval, whatever the reason. To be shown to people only as shown_waiting() does.
std::vector<ParticipantId> waiting_for(const MeetingState& state);

/// Whether only counts of the answers may be shown: the request does not name refusals, and somebody is missing. A name
/// beside an approval would tell by elimination who refused; once everybody has approved there is nobody to protect.
bool only_counts_are_shown(const MeetingState& state);

/// How many people are in the room, and how they answered the request; all zero without one. Whoever neither approved
/// nor refused has not answered, withdrew, or has an approval that no longer holds.
struct AnswerCounts {
  std::size_t people = 0;
  std::size_t approved = 0;
  std::size_t refused = 0;
};
AnswerCounts count_answers(const MeetingState& state) noexcept;

/// Of those in waiting_for(), the ones that the viewer may see: all of them, or no more than themself.
std::vector<ParticipantId> shown_waiting(const MeetingState& state, const ParticipantId& viewer);

/// Why the gate is closed, most telling reason first.
enum class ClosedReason : std::uint8_t {
  no_request,
  ledger_fault,
  recorder_fault,
  no_host,
  refused,  ///< only if the request names refusals; otherwise it reads `waiting`
  waiting,  ///< for answers
  preparing
};
/// Nothing while the gate is open.
std::optional<ClosedReason> closed_reason(const MeetingState& state);
std::string_view name_of(ClosedReason reason) noexcept;

/// What the viewer may see of a person's answer: `hidden` while only counts are shown, and in front of the door unless
/// the request names refusals. One's own is always shown.
enum class ShownAnswer : std::uint8_t { none, approved, refused, withdrawn, hidden };
ShownAnswer shown_answer(const MeetingState& state, const ParticipantId& participant, const ParticipantId& viewer);
std::string_view name_of(ShownAnswer answer) noexcept;

/// Somebody who is present has refused: what a host may know even if not who.
bool somebody_refused(const MeetingState& state) noexcept;

}  // namespace unavoce::consent
