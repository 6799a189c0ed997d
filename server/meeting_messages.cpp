#include "server/meeting_messages.hpp"

#include "server/json_input.hpp"
#include "server/problem.hpp"

namespace unavoce::server {
namespace {

std::string_view place_name(const consent::MeetingState& state, const consent::ParticipantId& id) {
  return consent::is_in_room(state, id) ? "room" : "lobby";
}

/// Which of this person's sessions are missed, by the kind they are published as.
Json lost_kinds(const Person& person) {
  Json kinds = Json::array();
  if (!person.place) return kinds;
  for (const auto& [kind, resource] : person.place->lost) {
    kinds.push_back(kind == recorder::PublishKind::screen ? "screen" : "camera");
  }
  return kinds;
}

Json roster_json(const MeetingView& view, const Person& viewer) {
  Json roster = Json::array();
  if (!consent::is_in_room(view.state, viewer.id)) return roster;  // from outside nobody is seen
  for (const auto& [id, member] : view.state.members) {
    const auto person = view.people.find(id);
    if (person == view.people.end()) continue;
    if (member.place == consent::Place::lobby && viewer.role != consent::Role::host) continue;
    const auto answer = consent::shown_answer(view.state, id, viewer.id);
    // The id of an approval is as good as the answer.
    const bool approval = answer == consent::ShownAnswer::approved && member.approval;
    const bool is_self = id == viewer.id;
    const Json lost = lost_kinds(person->second);
    roster.push_back({{"participant", id.hex()},
                      {"name", person->second.name},
                      {"role", consent::name_of(member.role)},
                      {"place", place_name(view.state, id)},
                      {"answer", consent::name_of(answer)},
                      {"approval", approval ? Json(member.approval->hex()) : Json(nullptr)},
                      {"media_lost", (is_self || viewer.role == consent::Role::host) && !lost.empty()},
                      {"lost_kinds", is_self ? lost : Json::array()}});
  }
  return roster;
}

/// Why the gate is closed, for people. While answers are missing, what ended the last take says most; but if refusals
/// are not named it does not say that there was one.
std::string_view reason_text(const consent::MeetingState& state) {
  const auto reason = consent::closed_reason(state);
  if (!reason) return "open";
  if (*reason == consent::ClosedReason::waiting && state.recording && state.recording->last_end) {
    const consent::EndReason last = *state.recording->last_end;
    if (last != consent::EndReason::refused || state.recording->terms.names_refusals) return consent::name_of(last);
  }
  return consent::name_of(*reason);
}

/// How many answered what. That somebody refused is the hosts' business only, unless the request names refusals.
Json counts_json(const consent::MeetingState& state, consent::Role viewer) {
  const auto counts = consent::count_answers(state);
  const bool refusals = viewer == consent::Role::host || (state.recording && state.recording->terms.names_refusals);
  return {{"people", counts.people},
          {"approved", counts.approved},
          {"refused", refusals ? Json(counts.refused) : Json(nullptr)}};
}

/// In front of the door nothing is told of the gate.
Json gate_from_outside() {
  return {{"state", "closed"},
          {"take", nullptr},
          {"reason", consent::name_of(consent::ClosedReason::waiting)},
          {"waiting_for", Json::array()},
          {"answers", {{"people", 0}, {"approved", 0}, {"refused", nullptr}}},
          {"opened_ms", nullptr}};
}

Json gate_json(const MeetingView& view, const Person& viewer) {
  if (!consent::is_in_room(view.state, viewer.id)) return gate_from_outside();
  Json waiting = Json::array();
  for (const auto& id : consent::shown_waiting(view.state, viewer.id)) waiting.push_back(id.hex());
  const bool open = consent::gate_is_open(view.state);
  Json gate = {{"state", open ? "open" : "closed"},
               {"take", open ? Json(view.state.recording->running->take) : Json(nullptr)},
               {"reason", reason_text(view.state)},
               {"waiting_for", std::move(waiting)},
               {"answers", counts_json(view.state, viewer.role)}};
  gate["opened_ms"] = open && view.opened ? Json(view.opened->value) : Json(nullptr);
  return gate;
}

Json request_json(const consent::Signed<consent::Request>& request) {
  return {{"id", request.id.hex()}, {"envelope", request.envelope}, {"recording", request.body.recording.hex()}};
}

/// As RTCPeerConnection takes them.
Json ice_servers_json(const std::vector<IceServer>& servers) {
  Json list = Json::array();
  for (const IceServer& server : servers) {
    Json one = Json::object();
    one["urls"] = server.url;
    if (!server.username.empty()) {
      one["username"] = server.username;
      one["credential"] = server.credential;
    }
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

std::string welcome_message(const MeetingView& view, const Person& person, const std::string& checkpoint,
                            const std::vector<IceServer>& ice_servers) {
  return dump({{"type", "welcome"},
               {"session", view.session.hex()},
               {"participant", person.id.hex()},
               {"resume", person.resume.text},
               {"challenge", person.challenge},
               {"place", place_name(view.state, person.id)},
               {"roster", roster_json(view, person)},
               {"request", view.request ? request_json(*view.request) : Json(nullptr)},
               {"gate", gate_json(view, person)},
               {"checkpoint", checkpoint},
               {"ice_servers", ice_servers_json(ice_servers)},
               {"room_envelope", view.room.envelope}});
}

std::string entered_message(const MeetingView& view, const Person& person, const std::vector<IceServer>& ice_servers) {
  return dump({{"type", "entered"},
               {"roster", roster_json(view, person)},
               {"gate", gate_json(view, person)},
               {"ice_servers", ice_servers_json(ice_servers)}});
}

std::string roster_message(const MeetingView& view, const Person& viewer) {
  return dump({{"type", "roster"}, {"roster", roster_json(view, viewer)}});
}

std::string gate_message(const MeetingView& view, const Person& viewer) {
  return dump({{"type", "gate"}, {"gate", gate_json(view, viewer)}});
}

std::string request_message(const consent::Signed<consent::Request>& request, const std::string& challenge) {
  return dump({{"type", "request"}, {"request", request_json(request)}, {"challenge", challenge}});
}

std::string challenge_message(const std::string& challenge) {
  return dump({{"type", "challenge"}, {"challenge", challenge}});
}

std::string confirmed_message(const consent::StatementId& approval, const std::optional<PublishPlace>& place) {
  const Json publish = place ? Json{{"url", place->path}, {"token", place->token.text}} : Json(nullptr);
  return dump({{"type", "confirmed"}, {"approval", approval.hex()}, {"publish", publish}});
}

std::string take_proposal_message(const std::string& take_id, const std::string& envelope) {
  return dump({{"type", "take_proposal"}, {"take_id", take_id}, {"envelope", envelope}});
}

std::string take_message(const std::string& envelope) {
  return dump({{"type", "take"}, {"envelope", envelope}});
}

std::string room_changed_message(const std::string& envelope) {
  return dump({{"type", "room_changed"}, {"envelope", envelope}});
}

std::string refused_message(const std::optional<consent::ParticipantId>& participant) {
  return dump({{"type", "refused"}, {"participant", participant ? Json(participant->hex()) : Json(nullptr)}});
}

std::string proven_message(const consent::StatementId& withdrawal) {
  return dump({{"type", "proven"}, {"id", withdrawal.hex()}});
}

std::string pong_message() {
  return R"({"type":"pong"})";
}

std::string recording_ended_message(const consent::RecordingId& recording, consent::EndReason reason) {
  return dump({{"type", "recording_ended"}, {"recording", recording.hex()}, {"reason", consent::name_of(reason)}});
}

std::string signal_message(const consent::ParticipantId& from, const std::string& data) {
  return R"({"type":"signal","from":")" + from.hex() + R"(","data":)" + data + "}";
}

std::string problem_message(const Error& error) {
  return dump({{"type", "problem"}, {"problem", Json::parse(problem_json(error))}});
}

}  // namespace unavoce::server
