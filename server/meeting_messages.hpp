#pragma once
// The texts of the WebSocket messages that the server sends (docs/API.md), made from the meeting's state. Pure.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "consent/meeting.hpp"
#include "consent/statements.hpp"
#include "server/error.hpp"
#include "server/ice_servers.hpp"
#include "server/person.hpp"

namespace unavoce::server {

using People = std::map<consent::ParticipantId, Person>;

/// What the messages are made from.
struct MeetingView {
  const consent::MeetingState& state;
  const People& people;
  const consent::Signed<consent::Room>& room;
  const std::optional<consent::Signed<consent::Request>>& request;
  const consent::SessionId& session;
  std::optional<consent::TimeMs> opened;  ///< when the gate opened, if it is open
};

std::string welcome_message(const MeetingView& view, const Person& person, const std::string& checkpoint,
                            const std::vector<IceServer>& ice_servers);
/// Somebody who answered in front of the door is inside now.
std::string entered_message(const MeetingView& view, const Person& person, const std::vector<IceServer>& ice_servers);
/// As this person may see it (consent::shown_answer): hosts also see who is in front of the door.
std::string roster_message(const MeetingView& view, const Person& viewer);
/// As this person may see it: who is missing by name, or only how many.
std::string gate_message(const MeetingView& view, const Person& viewer);
/// `challenge` is the person's own.
std::string request_message(const consent::Signed<consent::Request>& request, const std::string& challenge);
std::string challenge_message(const std::string& challenge);
/// An approval from before counts again; where to publish now, if anything of this person may be recorded.
std::string confirmed_message(const consent::StatementId& approval, const std::optional<PublishPlace>& place);
std::string take_proposal_message(const std::string& take_id, const std::string& envelope);
std::string take_message(const std::string& envelope);
/// There is a new statement of the room; every page checks that it continues the one it knows.
std::string room_changed_message(const std::string& envelope);
std::string refused_message(const std::optional<consent::ParticipantId>& participant);
std::string recording_ended_message(const consent::RecordingId& recording, consent::EndReason reason);
/// A withdrawal that was answered `proof_follows` is in the ledger.
std::string proven_message(const consent::StatementId& withdrawal);
std::string pong_message();
/// `data` is JSON text, passed on as it is.
std::string signal_message(const consent::ParticipantId& from, const std::string& data);
std::string problem_message(const Error& error);

}  // namespace unavoce::server
