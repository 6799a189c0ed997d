// People come, go, and speak to each other. Somebody is on the roster from the moment their `join` is read: before
// anything is waited for, nobody is recorded until they have approved, too.

#include <algorithm>

#include "consent/checks.hpp"
#include "server/clock.hpp"
#include "server/meeting.hpp"

namespace unavoce::server {
namespace {

/// Places whose pages may still want to delete what they published.
constexpr std::size_t kMaxFormerPlaces = 64;

/// Those who are here, and the last ones who left and may resume.
constexpr std::size_t kMaxRemembered = 64;

/// What waits for somebody who is not welcomed yet: offer and candidates of five others, and far less than their
/// connection may queue.
constexpr std::size_t kMaxEarlySignals = 256;
constexpr std::size_t kMaxEarlyBytes = 1024 * 1024;

}  // namespace

Result<consent::ParticipantId> Meeting::find_seat(const JoinMessage& message, consent::Role role) const {
  const Person* known = nullptr;
  for (const auto& [id, person] : people_) {
    const bool resumes = message.resume && person.resume.text == *message.resume;
    if (resumes && person.key == message.key && person.role == role) known = &person;
    if (!resumes && person.key == message.key && state_.members.contains(id))
      return Error(Errc::conflict, "this key is in the meeting already; join with a fresh one", "key_in_use");
  }
  if (message.resume && known == nullptr)
    return Error(Errc::conflict, "the session that you were in is over; join anew", "cannot_resume");
  std::size_t others = 0;
  bool host_is_here = role == consent::Role::host;
  for (const auto& [id, member] : state_.members) {
    if (known != nullptr && known->id == id) continue;
    ++others;
    host_is_here = host_is_here || member.role == consent::Role::host;
  }
  // Whoever has the link may come in: a host must find a place all the same.
  if (others >= (host_is_here ? kMaxPeople : kMaxPeople - 1))
    return Error(Errc::conflict,
                 "the meeting is full: it takes " + std::to_string(kMaxPeople) + " people, one of them a host",
                 "room_full");
  if (known != nullptr) return known->id;
  return resting_seat(message.key, role).value_or(consent::ParticipantId::random());
}

/// Who gave the approval that rests under this key: a service that was started again knows no token, but it has the
/// ledger. The seat alone counts for nothing; the approval does so again once its key has signed for it.
std::optional<consent::ParticipantId> Meeting::resting_seat(const crypto::PublicKey& key, consent::Role role) const {
  if (!state_.recording) return std::nullopt;
  for (const auto& [participant, id] : state_.recording->resting) {
    const auto approval = approvals_.find(id);
    // Whoever is remembered here has a token for the seat.
    if (approval == approvals_.end() || people_.contains(participant)) continue;
    if (approval->second.body.key == key && approval->second.body.role == role) return participant;
  }
  return std::nullopt;
}

void Meeting::take_seat(Person person) {
  const consent::ParticipantId id = person.id;
  const crypto::PublicKey key = person.key;
  const consent::Role role = person.role;
  if (Person* before = find(id)) {
    // A newer connection takes the place of the old one without anybody having left: the recording of somebody who is
    // alone must not end with it.
    if (before->peer) before->peer->close();
    forget_place(*before);
  } else {
    forget_somebody();
  }
  people_.insert_or_assign(id, std::move(person));
  // Whoever is inside already stays there, and answers there.
  if (consent::answers_at_the_door(state_, room_.body, role) && !consent::is_in_room(state_, id))
    return apply(consent::Knocked{id, key, role});
  apply(consent::Joined{id, key, role});
}

/// Strangers with the link come and go as they like; only the last ones are remembered.
void Meeting::forget_somebody() {
  while (people_.size() >= kMaxRemembered) {
    auto longest_gone = people_.end();
    for (auto entry = people_.begin(); entry != people_.end(); ++entry) {
      if (state_.members.contains(entry->first)) continue;
      if (longest_gone == people_.end() || entry->second.departed < longest_gone->second.departed) longest_gone = entry;
    }
    if (longest_gone == people_.end()) return;
    people_.erase(longest_gone);
  }
}

Task<Result<void>> Meeting::welcome(consent::ParticipantId id, Token resume, std::shared_ptr<WebSocketPeer> peer) {
  auto renewed = co_await renew_challenge(id, Tell::with_another_message);
  auto checkpoint = co_await services_.in_database([&] { return std::string(services_.ledger.signed_checkpoint()); });
  BOOST_OUTCOME_CO_TRY(std::move(renewed));
  Person* person = find(id);
  if (person == nullptr) co_return Error(Errc::unavailable, "the meeting has ended");
  if (person->resume.text != resume.text)
    co_return Error(Errc::conflict, "a newer connection of yours has taken this place");
  person->peer = std::move(peer);
  person->send(welcome_message(view(), *person, checkpoint, ice_servers_for(id)));
  for (const std::string& signal : std::exchange(person->early, {})) person->send(signal);
  co_return boost::outcome_v2::success();
}

/// From outside the door nobody is called: no relay is needed there, and whoever has the link gets that far.
std::vector<IceServer> Meeting::ice_servers_for(const consent::ParticipantId& id) const {
  if (!consent::is_in_room(state_, id)) return public_ice_servers(services_.config);
  return all_ice_servers(services_.config, wall_time());
}

/// Whoever could not be welcomed is not here; nothing happens if a newer connection has taken the place.
void Meeting::vacate(const consent::ParticipantId& id, const Token& resume) {
  const Person* person = find(id);
  if (person != nullptr && person->resume.text == resume.text) left(id, person->peer.get());
}

Task<Result<consent::ParticipantId>> Meeting::join(JoinMessage message, consent::Role role,
                                                   std::shared_ptr<WebSocketPeer> peer,
                                                   std::optional<crypto::Digest> login) {
  const auto self = shared_from_this();
  BOOST_OUTCOME_CO_TRY(const auto id, find_seat(message, role));
  const Token resume = Token::random();
  try {
    take_seat({id, std::move(message.name), message.key, role, resume, login});
    auto welcomed = co_await welcome(id, resume, std::move(peer));
    if (welcomed) co_return id;
    vacate(id, resume);
    co_return std::move(welcomed).error();
  } catch (...) {
    vacate(id, resume);
    throw;
  }
}

void Meeting::left(const consent::ParticipantId& participant, const WebSocketPeer* peer) {
  Person* person = find(participant);
  if (person == nullptr || person->peer.get() != peer) return;
  person->peer.reset();
  person->departed = ++departures_;
  forget_place(*person);
  apply(consent::Left{participant});
  if (state_.members.empty()) people_.clear();  // the session is over, and with it everybody's name
}

Result<void> Meeting::remove(const consent::ParticipantId& host, const RemoveMessage& message) {
  const Person* by = find(host);
  if (by == nullptr || by->role != consent::Role::host)
    return Error(Errc::forbidden, "only a host has somebody leave", "not_permitted");
  BOOST_OUTCOME_TRY(const auto id, consent::ParticipantId::parse(message.participant));
  const Person* person = find(id);
  if (person == nullptr || !state_.members.contains(id)) return boost::outcome_v2::success();  // just left
  if (person->role == consent::Role::host)
    return Error(Errc::forbidden, "a host is not removed by another one", "not_permitted");
  const std::shared_ptr<WebSocketPeer> peer = person->peer;
  person->send(problem_message(Error(Errc::conflict, "a host of this meeting had you leave it", "removed")));
  left(id, peer.get());
  people_.erase(id);  // their token takes no place any more
  if (peer) peer->close();
  return boost::outcome_v2::success();
}

void Meeting::forget_place(Person& person) {
  if (!person.place) return;
  for (const PublishedSession& session : person.place->sessions) services_.recorder.unpublish(session.resource);
  former_places_.emplace_back(person.place->path, person.place->token.sha256);
  if (former_places_.size() > kMaxFormerPlaces) former_places_.pop_front();
  person.place.reset();
}

Result<void> Meeting::relay(const consent::ParticipantId& from, const SignalMessage& message) {
  // Before anything else: what one person sends must not fill another one's connection.
  const auto now = std::chrono::steady_clock::now();
  const auto kilobytes = static_cast<unsigned>(message.data.size() / 1024 + 1);
  if (!signals_.take(from.hex(), now) || !signal_kilobytes_.take(from.hex(), now, kilobytes))
    return Error(Errc::rate_limited, "too many signals for the others; join again and send fewer", "too_many_signals");
  BOOST_OUTCOME_TRY(auto to, consent::ParticipantId::parse(message.to));
  Person* receiver = find(to);
  // Just left, misses nothing; and nothing goes through the door.
  if (receiver == nullptr || !consent::is_in_room(state_, from) || !consent::is_in_room(state_, to))
    return boost::outcome_v2::success();
  std::string text = signal_message(from, message.data);
  if (receiver->peer) {
    receiver->send(text);
  } else if (receiver->early.size() < kMaxEarlySignals && receiver->early_bytes + text.size() <= kMaxEarlyBytes) {
    // Others see a newcomer on the roster, and call them, before the newcomer's challenge is durable and they are
    // welcomed.
    receiver->early_bytes += text.size();
    receiver->early.push_back(std::move(text));
  }
  return boost::outcome_v2::success();
}

void Meeting::countersign(const consent::ParticipantId& from, const CountersignMessage& message) {
  const Person* person = find(from);
  if (person == nullptr || person->role != consent::Role::host) return;
  if (!proposal_ || proposal_->take_id != message.take_id || proposal_->answered->is_set()) return;
  auto key = crypto::PublicKey::parse(message.keyid);
  if (!key || !consent::is_host_key(room_.body, key.value())) return;
  auto signed_twice = consent::countersign_take(proposal_->envelope, message.keyid, message.sig);
  if (!signed_twice) return;
  proposal_->envelope = std::move(signed_twice).value();
  proposal_->answered->set();
}

bool Meeting::was_place(std::string_view path, const crypto::Digest& token) const {
  return std::ranges::any_of(former_places_, [&](const auto& former) {
    return former.first == path && crypto::equal_constant_time(former.second, token);
  });
}

PublishPlace* Meeting::find_place(std::string_view path, consent::ParticipantId& owner) {
  for (auto& [participant, person] : people_) {
    if (!person.place || person.place->path != path) continue;
    owner = participant;
    return &*person.place;
  }
  return nullptr;
}

}  // namespace unavoce::server
