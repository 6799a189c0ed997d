// Events and effects: the words between the server and the rules. Values, no behaviour, any thread.
// An event says what happened, and when to say it: at once on arrival (everything that can close the gate) or only
// after the ledger holds it (everything that can open it). An effect is an order to the server. The effects of one step
// are carried out in the order given; CloseGate and RevokeKinds come first and wait for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "consent/gate.hpp"
#include "consent/meeting.hpp"

namespace unavoce::consent {

// ---- events that are told at once, before anything is written or answered

/// Somebody came in front of the door of a room with a lobby.
struct Knocked {
  ParticipantId participant;
  crypto::PublicKey key;
  Role role;
};
/// Somebody entered the meeting: tell it before anybody's media can reach them or theirs anybody. Also for a resumed
/// connection. From the lobby they keep their answer; otherwise they have none, also if they were here before.
struct Joined {
  ParticipantId participant;
  crypto::PublicKey key;
  Role role;
};
/// Somebody left, was removed, or lost the connection.
struct Left {
  ParticipantId participant;
};
/// A refusal arrived. Make it with admit() (rules.hpp).
struct Refused {
  StatementId request;
  ParticipantId participant;
  crypto::PublicKey key;
};
/// A withdrawal arrived. Make it with withdrawn_by() (rules.hpp).
struct Withdrawn {
  RecordingId recording;
  crypto::PublicKey key;
  Scope kinds;
};
/// There is a new room statement.
struct RoomChanged {
  StatementId room_statement;
};
/// A host stops the recording.
struct Stopped {
  RecordingId recording;
};
/// Part of the service cannot do its work; the gate stays closed until Recovered.
struct Fault {
  Part part;
};
struct Recovered {
  Part part;
};
/// Nothing but time passed. Due at next_deadline() (rules.hpp); more often does no harm.
struct Tick {};

// ---- events that are told only after the ledger holds their statement

/// A request is in force. Make it with admit(). Ends an older one.
struct Requested {
  RequestTerms terms;
};
/// An approval is in the ledger. Make it with admit() BEFORE it is appended: `as_of` lets the rules see whether a
/// refusal, withdrawal or leaving overtook it on its way.
struct Approved {
  StatementId id;
  StatementId request;
  ParticipantId participant;
  crypto::PublicKey key;
  Scope scope;
  TimeMs expires;
  Moment as_of;
};
/// Somebody who came back proved with a fresh signature over a new challenge that they still hold the key of the
/// approval that they had given.
struct Confirmed {
  ParticipantId participant;
  crypto::PublicKey key;
};
/// Answers to PrepareTake; exactly one of them for each. Durable: sealed files exist, `take` and `track` are in the
/// ledger. Failed: nothing of it exists; counts as a fault of `part`, so that it is not tried again in a circle.
struct TakeDurable {
  RecordingId recording;
  std::uint32_t take;
};
struct TakeFailed {
  RecordingId recording;
  std::uint32_t take;
  Part part;
};

using Event = std::variant<Knocked, Joined, Left, Refused, Withdrawn, RoomChanged, Stopped, Fault, Recovered, Tick,
                           Requested, Approved, Confirmed, TakeDurable, TakeFailed>;

// ---- effects, in the order in which they stand in a step

/// Gate::close, now.
struct CloseGate {
  EndReason reason;
};
/// Gate::revoke, now: a person took some kinds back.
struct RevokeKinds {
  StatementId approval;
  Scope kinds;
};
/// Finish the files of a take (after its gate closed; also one that became durable and was never opened), then append
/// its `seal`. What `abort` have in this take is not finished but erased; their other takes are no business of this.
struct EndTake {
  RecordingId recording;
  std::uint32_t take;
  EndReason reason;
  std::vector<StatementId> abort;
};
/// A withdrawal took effect: append it, destroy the wrapped keys of these approvals, erase their track files of all
/// takes (`whole_takes`: every track of every take they are in), append `erased`. If the ledger fails, erase anyway.
struct Erase {
  RecordingId recording;
  std::vector<StatementId> approvals;
  WithdrawalErases extent;
};
/// Append the final `seal`, after every `seal` of a take.
struct EndRecording {
  RecordingId recording;
  EndReason reason;
};
/// Tell the hosts that somebody refused; who, only if the request names refusals.
struct TellHostRefused {
  std::optional<ParticipantId> participant;
};
/// Create the sealed files and append `take` and `track`; answer with TakeDurable or TakeFailed.
struct PrepareTake {
  RecordingId recording;
  std::uint32_t take;
  std::vector<Seat> roster;  ///< ascending by approval id, as the `take` statement names them
};
/// Gate::open, then start the recorder with the permit.
struct OpenGate {
  RecordingId recording;
  std::uint32_t take;
  std::vector<Granted> roster;
};

/// In the order of carrying out; step sorts by it.
using Effect =
    std::variant<CloseGate, RevokeKinds, EndTake, Erase, EndRecording, TellHostRefused, PrepareTake, OpenGate>;

}  // namespace unavoce::consent
