#include "observer.hpp"

#include <algorithm>
#include <utility>

namespace unavoce::consent::test {
namespace {

std::set<StatementId> names(const std::vector<Seat>& roster) {
  std::set<StatementId> ids;
  for (const auto& seat : roster) ids.insert(seat.approval);
  return ids;
}

}  // namespace

void Observer::expect(bool holds, const char* promise) {
  if (!holds && broken_.empty()) broken_ = promise;
}

bool Observer::is_prepared(const RecordingId& recording, std::uint32_t take) const {
  return preparing_ == TakeName{recording, take};
}

Event Observer::as_told(const Event& event, TimeMs now) const {
  if (const auto* failed = std::get_if<TakeFailed>(&event))
    if (is_prepared(failed->recording, failed->take) && take_is_written())
      return TakeDurable{failed->recording, failed->take};
  if (const auto* durable = std::get_if<TakeDurable>(&event))
    if (is_prepared(durable->recording, durable->take) && !take_is_written() &&
        !is_wanted(state_, durable->recording, durable->take, now))
      return TakeFailed{durable->recording, durable->take, Part::ledger};
  return event;
}

void Observer::write_take() {
  if (!preparing_ || take_is_written() || !is_wanted(state_, preparing_->first, preparing_->second, state_.now)) return;
  takes_[*preparing_].durable = true;
  check_written();
}

/// Of the take that is prepared, at the moment at which the ledger gets it.
void Observer::check_written() {
  const auto& take = takes_[*preparing_];
  const auto asked = oracle_.request();
  expect(!take.overtaken, "a take that was overtaken never reaches the ledger");
  expect(asked && asked->second.recording == preparing_->first && !oracle_.broken() && oracle_.host_in_room(),
         "a take in the ledger is of the request in force, with a host and without a fault");
  expect(standing_of(take) == take.named, "every take in the ledger names exactly the roster of its time");
}

/// Of those whom a take names the ones that count; nothing if anybody in the room has none among them, or several.
std::optional<std::set<StatementId>> Observer::standing_of(const TakeRecord& take) const {
  std::set<StatementId> standing;
  for (const auto& [participant, presence] : oracle_.present()) {
    if (!presence.in_room) continue;
    std::size_t approvals = 0;
    for (const auto& id : take.named)
      if (oracle_.may_stand_for(id, participant)) {
        ++approvals;
        standing.insert(id);
      }
    if (approvals != 1) return std::nullopt;
  }
  return standing;
}

std::vector<Effect> Observer::tell(const Event& claimed, TimeMs now) {
  const Event event = as_told(claimed, now);
  const auto* failed = std::get_if<TakeFailed>(&event);
  const auto* durable = std::get_if<TakeDurable>(&event);
  erased_last_.clear();
  const auto faults_before = state_.faults;
  const auto moment = state_.moment;
  oracle_.hear(event, now);
  if (durable && is_prepared(durable->recording, durable->take)) {
    if (!std::exchange(takes_[*preparing_].durable, true)) check_written();
    preparing_.reset();
  }
  if (failed && is_prepared(failed->recording, failed->take)) preparing_.reset();
  auto done = step(std::move(state_), event, now);
  state_ = std::move(done.state);
  kept_.hear(event, moment, state_);
  // A failed preparation is a fault that only the rules decide on; let the oracle hear it as one.
  if (failed && state_.faults != faults_before) {
    oracle_.hear(Fault{failed->part}, now);
    ++state_.moment;  // the oracle counts facts, the rules count steps
  }
  carry_out(done.effects, now);
  check_all();
  // Only these change anything for a recording that is over; to look at each time would be slow.
  if (std::holds_alternative<Withdrawn>(event) || std::holds_alternative<Approved>(event))
    check_withdrawals_afterwards();
  return std::move(done.effects);
}

Erase Observer::crash(const Crash& crash, TimeMs now) {
  if (crash.take_durable) write_take();
  if (crash.last_word_lost) lose_last_word();
  for (const auto& approved : crash.in_ledger) {
    oracle_.hear(approved, now);
    kept_.hear(approved, state_.moment, state_);
  }
  oracle_.restart(over_, now);
  gate_.close(now.value);
  end_takes();

  const auto open = kept_.open_request(over_, state_.room_statement, now);
  for (const auto& terms : kept_.requests())  // nobody comes back to the others: they get their final seal
    if (!open || terms.recording != open->recording) over_.insert(terms.recording);
  MeetingState nothing_asked{.room_statement = state_.room_statement};
  state_ = open ? restored(*open, kept_.answers(open->recording), last_take_[open->recording] + 1)
                : std::move(nothing_asked);
  state_ = step(std::move(state_), Tick{}, now).state;
  state_.moment = oracle_.facts();  // the oracle counts facts, the rules count steps

  Erase erase{};
  going_on_.reset();
  if (open) {
    going_on_ = open->recording;
    erase = {open->recording, kept_.withdrawn(open->recording), open->withdrawal_erases};
    const auto taken_back = oracle_.taken_back(open->recording);
    for (const auto& id : erase.approvals) {
      expect(taken_back.contains(id), "only what was withdrawn is erased");
      erased_.insert(id);
    }
  }
  check_all();
  check_withdrawals_afterwards();
  return erase;
}

/// It closed the gate, but nothing is erased before its row is durable.
void Observer::lose_last_word() {
  if (!oracle_.forget_last_word()) return;
  kept_.forget_last();
  for (const auto& id : erased_last_) erased_.erase(id);
}

/// A take that the ledger has is sealed as interrupted, and its number is not used again; of any other nothing stays.
void Observer::end_takes() {
  preparing_.reset();
  running_.reset();
  std::erase_if(takes_, [](const auto& entry) { return !entry.second.durable; });
  last_take_.clear();
  for (auto& [name, take] : takes_) {  // by number
    take.ended = true;
    last_take_[name.first] = name.second;
  }
}

void Observer::check_all() {
  check_gate();
  check_withdrawals();
  check_door();
}

void Observer::carry_out(const std::vector<Effect>& effects, TimeMs now) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    expect(i == 0 || !std::holds_alternative<CloseGate>(effects[i]), "CloseGate comes before any other effect");
    std::visit([&](const auto& effect) { on(effect, now); }, effects[i]);
  }
}

void Observer::on(const CloseGate&, TimeMs now) {
  expect(gate_.is_open(), "only an open gate is closed");
  gate_.close(now.value);
}

void Observer::on(const RevokeKinds& effect, TimeMs) {
  gate_.revoke(effect.approval, effect.kinds);
}

void Observer::on(const EndTake& effect, TimeMs) {
  const TakeName name{effect.recording, effect.take};
  auto& take = takes_[name];
  expect(!gate_.is_open() || running_ != name, "a take ends after its gate has closed");
  expect(take.durable && !take.ended, "a durable take ends exactly once");
  expect(!over_.contains(effect.recording), "a take ends before its recording");
  const auto taken_back = oracle_.taken_back(effect.recording);
  for (const auto& id : take.named)
    expect(!taken_back.contains(id) || std::ranges::count(effect.abort, id) != 0, "what was withdrawn is aborted");
  take.ended = true;
  if (running_ == name) running_.reset();
}

void Observer::on(const Erase& effect, TimeMs) {
  expect(!effect.approvals.empty(), "an erasure erases something");
  for (const auto& id : effect.approvals) {
    expect(erased_.insert(id).second, "nothing is erased twice");
    erased_last_.push_back(id);
    expect(oracle_.taken_back(effect.recording).contains(id), "only what was withdrawn is erased");
  }
}

void Observer::on(const EndRecording& effect, TimeMs) {
  expect(over_.insert(effect.recording).second, "a recording ends once");
  for (const auto& [name, take] : takes_)
    expect(name.first != effect.recording || !take.durable || take.ended, "a recording ends after its takes");
}

void Observer::on(const TellHostRefused& effect, TimeMs) {
  const auto asked = oracle_.request();
  expect(asked && asked->second.names_refusals == effect.participant.has_value(),
         "who refused is told exactly if the request says so");
}

void Observer::on(const PrepareTake& effect, TimeMs) {
  expect(!gate_.is_open() && !preparing_, "one take at a time is prepared, with the gate closed");
  expect(effect.take > last_take_[effect.recording], "take numbers ascend");
  expect(!over_.contains(effect.recording), "nothing starts after the end of its recording");
  last_take_[effect.recording] = effect.take;
  preparing_ = TakeName{effect.recording, effect.take};
  takes_[*preparing_].named = names(effect.roster);
}

void Observer::on(const OpenGate& effect, TimeMs now) {
  const TakeName name{effect.recording, effect.take};
  auto& take = takes_[name];
  std::set<StatementId> opened;
  for (const auto& granted : effect.roster) opened.insert(granted.approval);
  expect(!gate_.is_open(), "only a closed gate opens");
  expect(take.durable && !take.ended && !take.opened, "a gate opens once, for a take that is durable");
  expect(!take.overtaken, "a take that was overtaken while it became durable never opens");
  expect(take.named == opened, "a gate opens for the people that the durable take names");
  expect(!over_.contains(effect.recording), "nothing opens after the end of its recording");
  take.opened = true;
  running_ = name;
  permit_ = gate_.open(effect.recording, effect.take, effect.roster, now.value);
  ++openings_;
  if (going_on_ == effect.recording) ++resumptions_;
}

/// The heart of it: is the gate open exactly if, by the history alone, it may be?
void Observer::check_gate() {
  const auto asked = oracle_.request();
  const auto named = oracle_.who_may_be_recorded();
  if (gate_.is_open()) {
    const auto& take = takes_[*running_];
    expect(asked && running_->first == asked->second.recording, "the gate is open for the request in force only");
    expect(!oracle_.broken() && oracle_.host_in_room(), "the gate is open only with a host and without a fault");
    const auto standing = standing_of(take);
    expect(standing.has_value(),
           "the gate is open only if everyone on the roster has a live approval for this request");
    expect(standing == take.named, "a take names exactly the roster");
    for (const auto& id : take.named)
      for (const Kind kind : kAllKinds)
        expect(permit_->covers(id, kind) == (oracle_.left(id) && oracle_.left(id)->contains(kind)),
               "of each person exactly the kinds are recorded that they grant now");
  } else {
    expect(!permit_ || !permit_->is_open(), "a closed gate has no open permit");
  }
  expect(gate_.is_open() == gate_is_open(state_), "the state knows whether the gate is open");
  if (strictness_ == Strictness::sound) return;
  if (preparing_ && named != takes_[*preparing_].named) takes_[*preparing_].overtaken = true;
  expect(!gate_.is_open() || (named && *named == takes_[*running_].named), "the gate is open as the oracle says");
  expect(gate_.is_open() || preparing_ || !named, "when everybody has approved, the next take starts by itself");
}

void Observer::check_withdrawals() {
  for (const auto& id : oracle_.taken_back()) expect(erased_.contains(id), "a withdrawal is never lost");
}

/// Of recordings that are not in force any more the rules order nothing: the service erases what its ledger says.
void Observer::check_withdrawals_afterwards() {
  const auto asked = oracle_.request();
  for (const auto& terms : kept_.requests()) {
    if (asked && asked->second.recording == terms.recording) continue;
    const auto taken_back = oracle_.taken_back(terms.recording);
    const auto withdrawn = kept_.withdrawn(terms.recording);
    for (const auto& id : taken_back)
      expect(std::ranges::count(withdrawn, id) != 0, "a withdrawal from a recording that is over is never lost");
    for (const auto& id : withdrawn)
      expect(taken_back.contains(id), "of a recording that is over only what was withdrawn is erased");
  }
}

void Observer::check_door() {
  const auto entering = may_enter(state_);
  const bool asked = oracle_.request().has_value();
  for (const auto& [participant, presence] : oracle_.present()) {
    const bool enters = std::ranges::count(entering, participant) != 0;
    expect(!enters || !presence.in_room, "nobody is let in twice");
    expect(enters || presence.in_room || asked, "when nothing is asked, nobody waits in front of the door");
    if (!enters || !asked) continue;
    const auto& approval = state_.members.at(participant).approval;
    expect(approval && oracle_.may_stand_for(*approval, participant), "whoever is let in has a live approval");
  }
}

}  // namespace unavoce::consent::test
