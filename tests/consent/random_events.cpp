#include "random_events.hpp"

#include <algorithm>

#include "people.hpp"

namespace unavoce::consent::test {
namespace {

/// Names of files begin with the first eight bytes of an approval's id: they are its number within the meeting.
template <class AnyId>
AnyId id_in_meeting(std::uint64_t meeting, std::uint64_t number) {
  typename AnyId::Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(meeting >> (8 * i));
  }
  return AnyId(bytes);
}

}  // namespace

RandomEvents::RandomEvents(std::uint64_t seed, Observer::Strictness strictness)
    : meeting_(seed), random_(seed), strictness_(strictness) {}

MeetingState RandomEvents::empty_room() {
  MeetingState state;
  state.room_statement = id_of_number<StatementId>(77);
  return state;
}

Happening RandomEvents::next(const MeetingState& state) {
  now_.value += chance(3) ? pick(40) : chance(2) ? -pick(300) : pick(5);
  if (pick(200) == 0) return crash(state);
  if (state.preparation && chance(10)) return Written{};
  const auto entering = let_in(state);
  const Event next = entering ? *entering : event(state);
  withdrawal_.reset();
  if (const auto* withdrawn = std::get_if<Withdrawn>(&next)) withdrawal_ = *withdrawn;
  return Happening(next);
}

const crypto::PublicKey& RandomEvents::a_key(std::size_t who) {
  return key_of(chance(90) ? who : who + 8);
}

Scope RandomEvents::some_kinds() {
  Scope scope;
  for (const Kind kind : kAllKinds)
    if (chance(60)) scope = scope.with({kind});
  return scope;
}

RecordingId RandomEvents::recording(std::int64_t number) const {
  return id_in_meeting<RecordingId>(meeting_, static_cast<std::uint64_t>(number));
}

RecordingId RandomEvents::a_recording(const MeetingState& state) {
  return state.recording && chance(90) ? state.recording->terms.recording : recording(1 + pick(requests_ + 1));
}

/// Who need not wait any more comes in, nearly always before anything else happens.
std::optional<Event> RandomEvents::let_in(const MeetingState& state) {
  const auto entering = may_enter(state);
  if (entering.empty() || chance(20)) return std::nullopt;
  const auto& member = state.members.at(entering.front());
  return Joined{entering.front(), member.key, member.role};
}

Event RandomEvents::event(const MeetingState& state) {
  if (!after_crash_.empty() && chance(60)) {
    const Event next = after_crash_.front();
    after_crash_.pop_front();
    return next;
  }
  if (state.preparation && chance(35)) {
    const auto& prepared = *state.preparation;
    if (chance(8)) return TakeFailed{prepared.recording, prepared.take, chance(50) ? Part::ledger : Part::recorder};
    if (chance(8)) return TakeDurable{prepared.recording, prepared.take + (chance(50) ? 1 : -1)};
    return TakeDurable{prepared.recording, prepared.take};
  }
  if (!state.faults.empty() && chance(30)) return Recovered{*state.faults.begin()};
  if (!state.recording && chance(30)) return request(state);
  const auto dice = pick(100);
  const auto who = anybody();
  const auto role = who < 2 ? Role::host : Role::participant;
  if (dice < 12) return Joined{person(who), a_key(who), role};
  if (dice < 17) return Knocked{person(who), a_key(who), role};
  if (dice < 24) return Left{person(who)};
  if (dice < 65) return answer(state, who);
  if (dice < 68) return refusal(state, who);
  if (dice < 71) return Withdrawn{a_recording(state), a_key(who), Scope::all()};
  if (dice < 75) return partial(state, who);
  if (dice < 76) return Stopped{a_recording(state)};
  if (dice < 77) return RoomChanged{id_of_number<StatementId>(static_cast<std::uint64_t>(77 + pick(2)))};
  if (dice < 78) return Fault{chance(50) ? Part::ledger : Part::recorder};
  if (dice < 79) return request(state);
  if (dice < 85 && strictness_ == Observer::Strictness::sound) return Confirmed{person(who), a_key(who)};
  return Tick{};
}

Event RandomEvents::refusal(const MeetingState& state, std::size_t who) {
  const auto member = state.members.find(person(who));
  const auto& key = member != state.members.end() ? member->second.key : key_of(who);
  return Refused{state.recording ? state.recording->terms.request : StatementId{}, person(who), key};
}

/// A withdrawal of some kinds; of all of them would be one of everything.
Event RandomEvents::partial(const MeetingState& state, std::size_t who) {
  const auto kinds = some_kinds();
  if (kinds.empty()) return Tick{};
  return Withdrawn{a_recording(state), a_key(who), kinds};
}

Event RandomEvents::request(const MeetingState& state) {
  ++requests_;
  const Scope minimum = chance(30) ? Scope{Kind::audio} : Scope{};
  const auto room = chance(95) ? state.room_statement : id_of_number<StatementId>(78);
  const auto before = requests_before_crash_;
  const auto number = chance(95) ? requests_ : before + 1 + pick(requests_ - before);
  return Requested{{id_in_meeting<StatementId>(meeting_, static_cast<std::uint64_t>(1000 + number)), recording(number),
                    room, Scope::all(), minimum, chance(50),
                    chance(50) ? WithdrawalErases::whole_takes : WithdrawalErases::own_tracks,
                    now_ + SpanMs{pick(600)}}};
}

/// Signs an approval, or lets the ledger have one that was signed some time ago, now and then once more. Of one key
/// they come in their order: the second one needs a challenge, and that is there only once the first one is in.
Event RandomEvents::answer(const MeetingState& state, std::size_t who) {
  if (!on_its_way_.empty() && chance(30)) {
    const auto any = on_its_way_.begin() + pick(static_cast<std::int64_t>(on_its_way_.size()));
    const auto at = std::ranges::find(on_its_way_, any->key, &Approved::key);
    const auto told = *at;
    if (chance(80)) on_its_way_.erase(at);
    return told;
  }
  if (!state.recording) return Tick{};
  const auto member = state.members.find(person(who));
  const auto key = member != state.members.end() ? member->second.key : a_key(who);
  const Approved approval{
      id_in_meeting<StatementId>(meeting_, 5000 + ++approvals_),    state.recording->terms.request, person(who), key,
      chance(80) ? some_kinds().with({Kind::audio}) : some_kinds(), now_ + SpanMs{pick(400)},       state.moment};
  if (chance(75) && std::ranges::count(on_its_way_, key, &Approved::key) == 0) return approval;
  on_its_way_.push_back(approval);
  return Tick{};
}

/// Most of those who were in the room come back and confirm. A withdrawal that was not acknowledged is sent again.
Crash RandomEvents::crash(const MeetingState& state) {
  Crash crash{{}, chance(50), chance(50)};
  for (const auto& approved : on_its_way_)
    if (chance(50)) crash.in_ledger.push_back(approved);
  on_its_way_.clear();
  requests_before_crash_ = requests_;
  after_crash_.clear();
  if (crash.last_word_lost && withdrawal_) after_crash_.push_back(*withdrawal_);
  withdrawal_.reset();
  for (const auto& [participant, member] : state.members) {
    if (member.place != Place::room || chance(20)) continue;
    after_crash_.push_back(Joined{participant, member.key, member.role});
    if (strictness_ == Observer::Strictness::sound) after_crash_.push_back(Confirmed{participant, member.key});
  }
  return crash;
}

}  // namespace unavoce::consent::test
