// step: the events, one function each. How to read it: an event changes who is here and what they said; `settle` then
// compares what that allows with what is running, and closes on any difference; `prepare_next` opens the way again.
// So no event can forget to close the gate: it would have to leave the roster and every answer as they were.
#include "consent/rules.hpp"

#include <algorithm>
#include <utility>

namespace unavoce::consent {
namespace {

/// The same people under the same approvals. Their scopes may have shrunk meanwhile; that is RevokeKinds' business.
bool same_people(const std::vector<Seat>& one, const std::vector<Seat>& other) {
  return std::ranges::equal(one, other, {}, &Seat::approval, &Seat::approval);
}

/// Takes kinds from the seats of a key; returns those that had any of them.
std::vector<StatementId> shrink(std::vector<Seat>& roster, const Withdrawn& event) {
  std::vector<StatementId> shrunk;
  for (auto& seat : roster) {
    if (seat.key != event.key || seat.scope.common(event.kinds).empty()) continue;
    seat.scope = seat.scope.without(event.kinds);
    shrunk.push_back(seat.approval);
  }
  return shrunk;
}

/// Which of `roster` must not stay when `withdrawn` are taken back.
std::vector<StatementId> to_abort(const std::vector<Seat>& roster, const std::vector<StatementId>& withdrawn,
                                  WithdrawalErases extent) {
  std::vector<StatementId> abort;
  const auto is_withdrawn = [&](const Seat& seat) { return std::ranges::count(withdrawn, seat.approval) != 0; };
  const bool anybody = std::ranges::any_of(roster, is_withdrawn);
  for (const auto& seat : roster)
    if (is_withdrawn(seat) || (anybody && extent == WithdrawalErases::whole_takes)) abort.push_back(seat.approval);
  return abort;
}

class Stepper {
 public:
  explicit Stepper(MeetingState& state) : state_(state) {}

  void expire() {
    if (!recording()) return;
    if (recording()->terms.expires <= state_.now) return end_recording(EndReason::expired);
    for (auto& [participant, member] : state_.members)
      if (member.approval && recording()->approvals.at(*member.approval).expires <= state_.now)
        set_answer(member, Answer::none);
    settle(EndReason::expired);
  }

  void prepare_next() {
    if (!recording() || recording()->running || state_.preparation) return;
    const auto roster = complete_roster(state_);
    if (!roster) return;
    const auto& terms = recording()->terms;
    state_.preparation = Preparation{terms.recording, recording()->next_take++, *roster, terms.withdrawal_erases};
    effects_.push_back(PrepareTake{terms.recording, state_.preparation->take, *roster});
  }

  /// Closing comes before everything else, opening after everything else.
  std::vector<Effect> effects() && {
    std::ranges::stable_sort(effects_, {}, &Effect::index);
    return std::move(effects_);
  }

  // ---- who is here

  void operator()(const Knocked& event) {
    const auto known = state_.members.find(event.participant);
    if (known != state_.members.end() && known->second.place == Place::room) return;  // whoever is inside stays counted
    arrive(event.participant, {event.key, event.role, Place::lobby});
  }

  void operator()(const Joined& event) {
    const auto known = state_.members.find(event.participant);
    if (known != state_.members.end() && known->second.place == Place::lobby && known->second.key == event.key &&
        known->second.role == event.role)
      known->second.place = Place::room;
    else
      arrive(event.participant, {event.key, event.role, Place::room});
    settle(EndReason::late_join);
  }

  void operator()(const Left& event) {
    const auto found = state_.members.find(event.participant);
    if (found == state_.members.end()) return;
    const auto [role, place] = std::pair(found->second.role, found->second.place);
    rest(event.participant, found->second);
    state_.members.erase(found);
    // Somebody who gives up waiting at the door ends nothing, also while the room is still empty after a restart.
    if (place == Place::room && !anybody_in_room()) return end_recording(EndReason::ended);
    settle(role == Role::host && !host_in_room() ? EndReason::host_left : EndReason::left);
  }

  void operator()(const Confirmed& event) {
    auto* member = find(event.participant, event.key);
    if (!recording() || !member || member->answer != Answer::none) return;
    const auto resting = recording()->resting.find(event.participant);
    if (resting == recording()->resting.end()) return;
    const auto& approval = recording()->approvals.at(resting->second);
    if (approval.key == event.key && grants_enough(approval)) set_answer(*member, Answer::approved, resting->second);
    recording()->resting.erase(resting);
    settle(EndReason::new_approval);
  }

  // ---- what they say

  void operator()(const Requested& event) {
    const auto& terms = event.terms;
    if (state_.ended.contains(terms.recording)) return;
    if (recording() && recording()->terms.recording == terms.recording) return;
    const bool room_changed = terms.room_statement != state_.room_statement;
    if (room_changed || terms.expires <= state_.now) {
      state_.ended.insert(terms.recording);
      effects_.push_back(EndRecording{terms.recording, room_changed ? EndReason::room_changed : EndReason::expired});
      return;
    }
    end_recording(EndReason::ended);
    state_.recording.emplace(terms);
  }

  void operator()(const Approved& event) {
    if (!recording() || recording()->terms.request != event.request) return;
    if (recording()->approvals.contains(event.id) || recording()->gone.contains(event.id)) return;
    overrule(event.key);
    const auto left = left_of(event);
    if (!left) {
      recording()->gone.insert(event.id);
      effects_.push_back(Erase{recording()->terms.recording, {event.id}, recording()->terms.withdrawal_erases});
      return settle(EndReason::new_approval);
    }
    const GivenApproval approval{event.participant, event.key, *left, event.expires};
    recording()->approvals.emplace(event.id, approval);
    auto* member = find(event.participant, event.key);
    if (member && event.as_of >= member->changed && grants_enough(approval)) {
      set_answer(*member, Answer::approved, event.id);
      recording()->resting.erase(event.participant);
    }
    settle(EndReason::new_approval);
  }

  void operator()(const Refused& event) {
    const auto found = state_.members.find(event.participant);
    if (!recording() || recording()->terms.request != event.request || found == state_.members.end()) return;
    recording()->resting.erase(event.participant);
    forget_resting(*recording(), event.key);
    found->second.changed = state_.moment;
    const bool named = recording()->terms.names_refusals;
    // In front of the door there may be only one: unless refusals are named, nothing is told of theirs.
    if (found->second.answer != Answer::refused && (named || found->second.place == Place::room)) {
      effects_.push_back(TellHostRefused{named ? std::optional(event.participant) : std::nullopt});
    }
    set_answer(found->second, Answer::refused);
    settle(EndReason::refused);
  }

  void operator()(const Withdrawn& event) {
    if (!recording() || recording()->terms.recording != event.recording) return abort_preparation(event);
    take_back_seats(event);
    const auto whole = take_back_approvals(event);
    for (auto& [participant, member] : state_.members) {
      if (member.key != event.key) continue;
      if (event.kinds == Scope::all()) member.changed = state_.moment;
      if (event.kinds == Scope::all() || (member.approval && !has_live_approval(state_, member)))
        set_answer(member, Answer::withdrawn);
    }
    if (!whole.empty()) {
      const auto extent = recording()->terms.withdrawal_erases;
      effects_.push_back(Erase{event.recording, whole, extent});
      if (state_.preparation) add_aborts(*state_.preparation, whole);
    }
    settle(EndReason::withdrawn, whole);
  }

  // ---- the room, the host, the service

  void operator()(const RoomChanged& event) {
    if (std::exchange(state_.room_statement, event.room_statement) != event.room_statement)
      end_recording(EndReason::room_changed);
  }

  void operator()(const Stopped& event) {
    if (recording() && recording()->terms.recording == event.recording) end_recording(EndReason::stopped);
  }

  void operator()(const Fault& event) {
    state_.faults.insert(event.part);
    settle(EndReason::fault);
  }

  void operator()(const Recovered& event) { state_.faults.erase(event.part); }

  void operator()(const Tick&) {}

  void operator()(const TakeDurable& event) {
    if (!is_prepared(event.recording, event.take)) return;
    const auto done = *std::exchange(state_.preparation, std::nullopt);
    const auto roster = complete_roster(state_);
    if (!done.outdated && recording() && roster && same_people(*roster, done.roster)) return open(done.take, *roster);
    effects_.push_back(EndTake{done.recording, done.take, done.outdated.value_or(EndReason::fault), done.abort});
    if (done.then_recording) effects_.push_back(EndRecording{done.recording, *done.then_recording});
  }

  void operator()(const TakeFailed& event) {
    if (!is_prepared(event.recording, event.take)) return;
    const auto failed = *std::exchange(state_.preparation, std::nullopt);
    if (failed.then_recording) effects_.push_back(EndRecording{failed.recording, *failed.then_recording});
    if (failed.outdated) return;
    state_.faults.insert(event.part);
    if (recording()) recording()->last_end = EndReason::fault;
  }

 private:
  std::optional<Recording>& recording() { return state_.recording; }

  // ---- closing and opening

  /// Closes if what now holds is not what is running or on its way.
  void settle(EndReason reason, const std::vector<StatementId>& withdrawn = {}) {
    if (!recording()) return;
    const auto roster = complete_roster(state_);
    if (recording()->running && !(roster && same_people(*roster, recording()->running->roster)))
      close(reason, withdrawn);
    auto& preparation = state_.preparation;
    if (preparation && preparation->recording == recording()->terms.recording && !preparation->outdated &&
        !(roster && same_people(*roster, preparation->roster))) {
      preparation->outdated = reason;
      recording()->last_end = reason;
    }
  }

  void close(EndReason reason, const std::vector<StatementId>& withdrawn) {
    const auto running = *std::exchange(recording()->running, std::nullopt);
    const auto& terms = recording()->terms;
    recording()->last_end = reason;
    effects_.push_back(CloseGate{reason});
    effects_.push_back(
        EndTake{terms.recording, running.take, reason, to_abort(running.roster, withdrawn, terms.withdrawal_erases)});
  }

  void open(std::uint32_t take, const std::vector<Seat>& roster) {
    OpenGate gate{recording()->terms.recording, take, {}};
    for (const auto& seat : roster) gate.roster.push_back({seat.approval, seat.scope});
    recording()->running = RunningTake{take, roster};
    effects_.push_back(std::move(gate));
  }

  void end_recording(EndReason reason) {
    if (!recording()) return;
    if (recording()->running) close(reason, {});
    const auto id = recording()->terms.recording;
    if (state_.preparation && state_.preparation->recording == id) {
      if (!state_.preparation->outdated) state_.preparation->outdated = reason;
      state_.preparation->then_recording = reason;
    } else {
      effects_.push_back(EndRecording{id, reason});
    }
    state_.ended.insert(id);
    recording().reset();
    for (auto& [participant, member] : state_.members) set_answer(member, Answer::none);
  }

  // ---- people

  void arrive(const ParticipantId& participant, Member fresh) {
    const auto known = state_.members.find(participant);
    if (known != state_.members.end()) rest(participant, known->second);
    fresh.changed = state_.moment;
    state_.members.insert_or_assign(participant, std::move(fresh));
  }

  /// Keeps a leaver's approval for Confirmed; by itself it opens nothing any more.
  void rest(const ParticipantId& participant, const Member& member) {
    if (recording() && member.approval) recording()->resting.insert_or_assign(participant, *member.approval);
  }

  static void set_answer(Member& member, Answer answer, std::optional<StatementId> approval = std::nullopt) {
    member.answer = answer;
    member.approval = approval;
  }

  Member* find(const ParticipantId& participant, const crypto::PublicKey& key) {
    const auto found = state_.members.find(participant);
    return found != state_.members.end() && found->second.key == key ? &found->second : nullptr;
  }

  bool anybody_in_room() const {
    return std::ranges::any_of(state_.members, [](const auto& entry) { return entry.second.place == Place::room; });
  }

  bool host_in_room() const {
    return std::ranges::any_of(state_.members, [](const auto& entry) {
      return entry.second.place == Place::room && entry.second.role == Role::host;
    });
  }

  // ---- approvals and what is left of them

  /// What a key approved before does not count any more: the ledger has a newer approval of it, which replaces the
  /// others there also if it does not come into force (it was overtaken, or was about to expire).
  void overrule(const crypto::PublicKey& key) {
    for (auto& [participant, member] : state_.members)
      if (member.key == key && member.approval) set_answer(member, Answer::none);
    forget_resting(*recording(), key);
  }

  bool grants_enough(const GivenApproval& approval) {
    return approval.expires > state_.now && recording()->terms.minimum_scope.subset_of(approval.scope);
  }

  /// The scope of an approval after the withdrawals that overtook it; nothing if they took all of it.
  std::optional<Scope> left_of(const Approved& event) {
    if (recording()->withdrawn.contains(event.key)) return std::nullopt;
    Scope taken;
    for (const auto& lessening : recording()->lessenings)
      if (lessening.key == event.key && lessening.at > event.as_of) taken = taken.with(lessening.kinds);
    if (leaves_nothing(event.scope, taken)) return std::nullopt;
    return event.scope.without(taken).common(recording()->terms.scope);
  }

  /// Takes kinds from every approval of the key; returns those of which nothing is left.
  std::vector<StatementId> take_back_approvals(const Withdrawn& event) {
    auto& now = *recording();
    if (event.kinds == Scope::all())
      now.withdrawn.insert(event.key);
    else
      now.lessenings.push_back({event.key, event.kinds, state_.moment});
    std::vector<StatementId> whole;
    for (auto& [id, approval] : now.approvals) {
      if (approval.key != event.key) continue;
      if (event.kinds == Scope::all() || leaves_nothing(approval.scope, event.kinds)) whole.push_back(id);
      approval.scope = approval.scope.without(event.kinds);
    }
    for (const auto& id : whole) {
      now.approvals.erase(id);
      now.gone.insert(id);
      std::erase_if(now.resting, [&](const auto& entry) { return entry.second == id; });
    }
    return whole;
  }

  /// Shrinks what the running take and the one on its way may record of this key.
  void take_back_seats(const Withdrawn& event) {
    if (recording()->running)
      for (const auto& approval : shrink(recording()->running->roster, event))
        effects_.push_back(RevokeKinds{approval, event.kinds});
    // The one on its way may still belong to a recording that was replaced: not a word about that one.
    if (state_.preparation && state_.preparation->recording == event.recording)
      shrink(state_.preparation->roster, event);
  }

  // ---- preparations

  bool is_prepared(const RecordingId& id, std::uint32_t take) const {
    return state_.preparation && state_.preparation->recording == id && state_.preparation->take == take;
  }

  static void add_aborts(Preparation& preparation, const std::vector<StatementId>& withdrawn) {
    for (const auto& id : to_abort(preparation.roster, withdrawn, preparation.withdrawal_erases))
      if (std::ranges::count(preparation.abort, id) == 0) preparation.abort.push_back(id);
  }

  /// A withdrawal from a recording that is over, while a take of it is still becoming durable.
  void abort_preparation(const Withdrawn& event) {
    if (!state_.preparation || state_.preparation->recording != event.recording) return;
    std::vector<StatementId> whole;
    for (const auto& seat : state_.preparation->roster)
      if (seat.key == event.key && (event.kinds == Scope::all() || leaves_nothing(seat.scope, event.kinds)))
        whole.push_back(seat.approval);
    shrink(state_.preparation->roster, event);
    add_aborts(*state_.preparation, whole);
  }

  MeetingState& state_;
  std::vector<Effect> effects_;
};

}  // namespace

Step step(MeetingState state, const Event& event, TimeMs now) {
  ++state.moment;
  state.now = std::max(state.now, now);
  Stepper stepper(state);
  // A withdrawal goes before the passing of time: what ends at the same moment must be erased, not finished.
  const bool withdrawal = std::holds_alternative<Withdrawn>(event);
  if (!withdrawal) stepper.expire();
  std::visit(stepper, event);
  if (withdrawal) stepper.expire();
  stepper.prepare_next();
  auto effects = std::move(stepper).effects();
  return {std::move(state), std::move(effects)};
}

}  // namespace unavoce::consent
