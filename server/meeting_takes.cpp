// The jobs of a meeting's recording: prepare a take, end it, erase, end the recording. They run one after the other.

#include <stdexcept>

#include "consent/checks.hpp"
#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/evidence.hpp"
#include "server/meeting.hpp"

namespace unavoce::server {
namespace {

/// A host's page must look at the take and sign it within this time; without it the roster is the service's word only.
constexpr std::chrono::seconds kCountersignWithin{10};

/// What the recorder may write: chat is none of its business.
consent::Scope media_of(consent::Scope scope) {
  return scope.without({consent::Kind::chat});
}

constexpr const char* kOvertaken = "overtaken";

Error overtaken() {
  return Error(Errc::conflict, "something happened while the take was prepared; another one follows", kOvertaken);
}

}  // namespace

/// Should its final seal be on its way although this session has not heard of it: nothing is recorded behind that.
void Meeting::end_if_over(const consent::RecordingId& recording) {
  if (seals_.is_over(recording)) apply(consent::Stopped{recording});
}

bool Meeting::is_wanted(const consent::PrepareTake& effect) const {
  return consent::is_wanted(state_, effect.recording, effect.take, wall_time());
}

Task<void> Meeting::settle_first(consent::PrepareTake effect) {
  const auto self = shared_from_this();
  (void)co_await seals_.settle(effect.recording);  // should it fail, the take does, and says why
  if (settling_ && settling_->take == effect.take && settling_->recording == effect.recording) prepare_settled();
}

void Meeting::prepare_settled() {
  if (!settling_) return;
  const auto self = shared_from_this();
  queue_->add([self, order = *std::exchange(settling_, std::nullopt)] { return self->prepare(order, Settled::tried); });
}

Task<void> Meeting::prepare(consent::PrepareTake effect, Settled settled) {
  std::string failure;
  try {
    co_await try_to_prepare(effect, settled);
    co_return;
  } catch (const std::exception& error) {
    failure = error.what();
  }
  // The rules wait for exactly one answer; without it there would never be a take again.
  proposal_.reset();
  if (!state_.preparation || state_.preparation->take != effect.take) co_return;
  apply(consent::TakeFailed{effect.recording, effect.take, consent::Part::recorder});
  report_fault(consent::Part::recorder, "no take can be prepared: " + failure);
}

Task<void> Meeting::try_to_prepare(const consent::PrepareTake& effect, Settled settled) {
  end_if_over(effect.recording);
  if (!is_wanted(effect)) {  // it had to wait for the end of the take before it
    apply(consent::TakeFailed{effect.recording, effect.take, consent::Part::ledger});
    co_return;
  }
  if (settled == Settled::no && seals_.owes(effect.recording)) {
    settling_ = effect;
    asio::co_spawn(
        services_.executors.control, [self = shared_from_this(), effect] { return self->settle_first(effect); },
        asio::detached);
    co_return;
  }
  if (services_.reserve.is_reached()) {  // the log has it
    apply(consent::TakeFailed{effect.recording, effect.take, consent::Part::recorder});
    keep_closed(consent::Part::recorder);
    co_return;
  }
  recorder::TakeOrder order{effect.recording, effect.take, {}};
  for (const auto& seat : effect.roster) {
    const auto approval = approvals_.find(seat.approval);
    const consent::Scope kinds = media_of(seat.scope);
    if (kinds.empty()) continue;
    if (approval == approvals_.end() || !approval->second.body.consent_recipient) {
      throw std::logic_error("an approval of the roster is unknown here");
    }
    order.tracks.push_back({seat.approval, seat.participant.hex(), *approval->second.body.consent_recipient, kinds});
  }
  auto prepared = co_await on(services_.executors.workers, [&] { return services_.recorder.prepare_take(order); });
  if (!prepared) {
    apply(consent::TakeFailed{effect.recording, effect.take, consent::Part::recorder});
    report_fault(consent::Part::recorder, "no take can be prepared: " + prepared.error().text);
    co_return;
  }
  const auto durable = co_await make_durable(effect, std::move(prepared).value());
  if (durable) {
    apply(consent::TakeDurable{effect.recording, effect.take});
    co_return;
  }
  ended_takes_.emplace(effect.recording, effect.take);  // no file of it that comes now is announced
  using Answer = recorder::Result<std::vector<recorder::SealedTrackFile>>;
  const auto removed = co_await answer_of<Answer>(services_.executors.control, [&](auto done) {
    services_.recorder.end_take(effect.recording, effect.take, std::move(done));
  });
  if (!removed) services_.log.error("files of a take that failed could not be removed: " + removed.error().text);
  // The rules count no fault if they know what overtook it, and there is none then.
  const bool is_no_fault = durable.error().word == kOvertaken && !is_wanted(effect);
  apply(consent::TakeFailed{effect.recording, effect.take, consent::Part::ledger});
  if (is_no_fault) co_return;
  report_fault(consent::Part::ledger, "no take can be written to the ledger: " + durable.error().text);
}

/// `take` and every `track` in one transaction: from here on the evidence is there before the media. A take that was
/// overtaken is not written: it would name what somebody has replaced by then, and no recording with it verifies.
Task<Result<void>> Meeting::make_durable(const consent::PrepareTake& effect,
                                         std::vector<recorder::PreparedTrack> files) {
  // A seal that is owed comes before the next take.
  auto settled = co_await seals_.settle(effect.recording);
  BOOST_OUTCOME_CO_TRY(std::move(settled));
  auto proposed = co_await propose_take(effect);
  BOOST_OUTCOME_CO_TRY(auto take, std::move(proposed));
  end_if_over(effect.recording);
  if (!is_wanted(effect)) co_return overtaken();
  auto appended = co_await services_.in_database([&]() -> Result<void> {
    // By what the rules have not heard of yet: an approval or a room statement that became durable just now. Of a
    // withdrawal they hear before its row is written; should one be there all the same, it counts.
    BOOST_OUTCOME_TRY(const bool is_late, is_overruled(services_.ledger, take.body, files));
    if (is_late) return overtaken();
    std::vector<consent::NewEntry> entries{consent::new_entry(take)};
    for (const auto& file : files) {
      consent::Track body{effect.recording, effect.take, file.approval,      file.file,
                          file.name,        file.kinds,  file.header_sha256, services_.service_key.public_key(),
                          wall_time()};
      BOOST_OUTCOME_TRY(auto track, sign_as_service(services_, std::move(body)));
      entries.push_back(consent::new_entry(track));
    }
    BOOST_OUTCOME_TRY(append(services_, entries));
    return boost::outcome_v2::success();
  });
  BOOST_OUTCOME_CO_TRY(std::move(appended));
  take_envelope_ = take.envelope;
  co_return boost::outcome_v2::success();
}

Task<Result<consent::Signed<consent::Take>>> Meeting::propose_take(const consent::PrepareTake& effect) {
  auto looked = co_await services_.in_database([&] { return services_.ledger.checkpoint(); });
  consent::Take body{effect.recording, effect.take, {}, {looked.size, looked.root}, services_.service_key.public_key(),
                     wall_time()};
  for (const auto& seat : effect.roster) body.approvals.push_back(seat.approval);
  BOOST_OUTCOME_CO_TRY(auto take, sign_as_service(services_, std::move(body)));
  // A host's page compares it with the roster that it was told, and would take the service for a liar.
  if (!is_wanted(effect)) co_return overtaken();
  proposal_ = Proposal{take.id.hex(), take.envelope, std::make_shared<Signal>(services_.executors.control)};
  const std::string message = take_proposal_message(proposal_->take_id, take.envelope);
  for (const auto& [id, person] : people_) {
    if (person.role == consent::Role::host && consent::is_in_room(state_, id)) person.send(message);
  }
  const std::shared_ptr<Signal> answered = proposal_->answered;
  const auto asked_ns = monotonic_ns();
  co_await answered->wait(kCountersignWithin);
  const auto waited_ms = (monotonic_ns() - asked_ns) / 1'000'000;
  const std::string envelope = std::move(proposal_->envelope);
  proposal_.reset();
  BOOST_OUTCOME_CO_TRY(auto final_take, consent::parse_statement<consent::Take>(envelope));
  if (final_take.signatures > 1) {
    services_.log.info("a host's page countersigned a take after " + std::to_string(waited_ms) + " ms");
  } else if (is_wanted(effect)) {
    services_.log.warning("no host's page countersigned a take within " + std::to_string(waited_ms) +
                          " ms; who is recorded is the service's word only");
  }
  co_return final_take;
}

Task<void> Meeting::end_take(consent::EndTake effect) {
  ended_takes_.emplace(effect.recording, effect.take);
  for (const auto& approval : effect.abort) {
    // Who withdrew loses the files of all takes with `Erase`; of the others only this take may go.
    using Names = recorder::Result<std::vector<std::string>>;
    const auto aborted = co_await answer_of<Names>(services_.executors.control, [&](auto done) {
      services_.recorder.abort_track_of_take(effect.recording, effect.take, approval, std::move(done));
    });
    if (!aborted) services_.log.error("a track could not be aborted: " + aborted.error().text);
  }
  using Answer = recorder::Result<std::vector<recorder::SealedTrackFile>>;
  auto ended = co_await answer_of<Answer>(services_.executors.control, [&](auto done) {
    services_.recorder.end_take(effect.recording, effect.take, std::move(done));
  });
  if (!ended) services_.log.error("a take did not end as it should: " + ended.error().text);
  SealOrder order{effect.recording, effect.take, effect.reason};
  if (ended) order.files = std::move(ended).value();
  if (!order.files) {
    seals_.owe(std::move(order));  // all of its files are read again: nobody's erasure waits for that
    co_return;
  }
  const auto sealed = co_await seals_.write(std::move(order));
  if (!sealed) report_fault(consent::Part::ledger, "a take could not be sealed in the ledger: " + sealed.error().text);
}

Task<void> Meeting::erase(consent::Erase effect) {
  const auto erased = co_await erase_withdrawn(services_, unproven_, effect.recording, effect.approvals);
  if (erased) co_return;
  unproven_.keep_erasure(effect.recording);  // what the rules alone named waits for the row of its withdrawal
  report_fault(consent::Part::ledger, "a withdrawal is not finished: " + erased.error().text);
}

Task<void> Meeting::end_recording(consent::EndRecording effect) {
  SealOrder last{effect.recording, std::nullopt, effect.reason};
  if (seals_.owes(effect.recording)) {
    co_await seals_.owe_end(std::move(last));  // behind what may take long; its people are told now
  } else {
    const auto sealed = co_await seals_.write(std::move(last));
    if (!sealed) report_fault(consent::Part::ledger, "a recording could not be sealed: " + sealed.error().text);
  }
  if (is_about(effect.recording)) {
    request_.reset();
    approvals_.clear();
    for (auto& [id, person] : people_) forget_place(person);
  }
  send_to_all(recording_ended_message(effect.recording, effect.reason));
  tell_everybody();
}

Task<void> Meeting::add_track(recorder::TrackPrepared event) {
  const auto& file = event.track;
  if (ended_takes_.contains({event.recording, event.take})) {
    // Too late to be announced: the take is sealed, and no frame of this file was let through. Nothing of it stays.
    const auto erased = co_await on(services_.executors.workers,
                                    [&] { return services_.blobs.erase(event.recording.hex(), file.name); });
    if (!erased) services_.log.error("a file that came too late could not be erased: " + erased.error().text);
    co_return;
  }
  // What was taken back meanwhile is not announced: the withdrawal may be in the ledger already, and no frame of it
  // comes. A file of which nothing is left stays empty, and goes when its take ends.
  const consent::Scope kinds =
      file.kinds.common(consent::may_be_recorded(state_, event.recording, event.take, file.approval));
  if (kinds.empty()) {
    services_.log.debug("a file was prepared for what has been taken back; it is not used");
    co_return;
  }
  const auto appended = co_await services_.in_database([&]() -> Result<void> {
    consent::Track body{event.recording, event.take, file.approval,      file.file,
                        file.name,       kinds,      file.header_sha256, services_.service_key.public_key(),
                        wall_time()};
    BOOST_OUTCOME_TRY(auto track, sign_as_service(services_, std::move(body)));
    const auto entry = consent::new_entry(track);
    BOOST_OUTCOME_TRY(append(services_, {&entry, 1}));
    return boost::outcome_v2::success();
  });
  if (appended)
    services_.recorder.release_track(event.recording, event.take, file.approval, file.file);
  else
    report_fault(consent::Part::ledger, "a track could not be written to the ledger: " + appended.error().text);
}

}  // namespace unavoce::server
