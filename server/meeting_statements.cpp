// What people sign: checked, made durable, and only then in force; but what closes the gate closes it at once.

#include <algorithm>
#include <boost/asio/detached.hpp>

#include "consent/checks.hpp"
#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/evidence.hpp"
#include "server/meeting.hpp"

namespace unavoce::server {
namespace {

Task<Result<consent::Entry>> append_one(Services& services, consent::NewEntry entry) {
  co_return co_await services.in_database([&]() -> Result<consent::Entry> {
    BOOST_OUTCOME_TRY(auto entries, append(services, {&entry, 1}));
    return std::move(entries.front());
  });
}

Result<void> check_retention(const Services& services, const consent::Request& request, consent::TimeMs now) {
  const consent::SpanMs longest{std::int64_t{services.config.retention_max_days} * 24 * 3600 * 1000};
  if (request.delete_after_ms <= now + longest + consent::kClockSkew) return boost::outcome_v2::success();
  return Error(Errc::forbidden,
               "recordings are kept for at most " + std::to_string(services.config.retention_max_days) + " days here",
               "retention_too_long");
}

}  // namespace

Task<Result<Accepted>> Meeting::request(consent::Signed<consent::Request> request) {
  const auto self = shared_from_this();
  const auto now = wall_time();
  BOOST_OUTCOME_CO_TRY(consent::check_request(request, room_, session_, now));
  BOOST_OUTCOME_CO_TRY(check_retention(services_, request.body, now));
  BOOST_OUTCOME_CO_TRY(consent::admit(state_, request, room_));
  auto stored = co_await services_.in_database([&]() -> Result<consent::Entry> {
    BOOST_OUTCOME_TRY(services_.rooms.add_recording(request.body.recording, request.body.room));
    const auto entry = consent::new_entry(request);
    BOOST_OUTCOME_TRY(auto entries, append(services_, {&entry, 1}));
    return std::move(entries.front());
  });
  BOOST_OUTCOME_CO_TRY(auto entry, std::move(stored));
  if (request_ && request_->id == request.id) co_return Accepted{std::move(entry), std::nullopt};  // sent twice at once
  auto still = consent::admit(state_, request, room_);  // the world may have changed while the ledger wrote
  if (!still) co_return std::move(still).error();
  approvals_.clear();
  for (auto& [id, person] : people_) forget_place(person);  // an approval of an older request lets nothing flow
  request_ = std::move(request);
  apply(std::move(still).value());
  asio::co_spawn(
      services_.executors.control, [self] { return self->ask_everybody(); }, asio::detached);
  co_return Accepted{std::move(entry), std::nullopt};
}

std::optional<PublishPlace> Meeting::open_place(const consent::Signed<consent::Approval>& approval) {
  Person* person = find(approval.body.participant);
  if (person == nullptr || !person->peer) return std::nullopt;
  // Only what the rules left of it: a refusal or withdrawal may have overtaken the approval on its way into the ledger.
  const auto member = state_.members.find(person->id);
  if (member == state_.members.end() || member->second.approval != approval.id) return std::nullopt;
  const consent::Scope left = state_.recording->approvals.at(approval.id).scope;
  const consent::Scope media = left.without({consent::Kind::chat});
  forget_place(*person);
  if (media.empty()) return std::nullopt;
  person->place = PublishPlace{"/whip/" + consent::ParticipantId::random().hex(), Token::random(), media, {}};
  return person->place;
}

Task<Result<Accepted>> Meeting::approve(consent::Signed<consent::Approval> approval,
                                        std::optional<crypto::Bytes> wrapped) {
  const auto self = shared_from_this();
  const consent::ParticipantId id = approval.body.participant;
  if (!request_ || find(id) == nullptr) co_return Error(Errc::not_found, "there is nothing to approve here now");
  // Before anything of this person is touched: somebody else's signature must not use up their challenge.
  if (find(id)->key != approval.body.key)
    co_return Error(Errc::forbidden, "this key is not this person's", "not_permitted");
  // In the ledger the withdrawal must come before what is approved after it.
  if (unproven_.is_withdrawing(approval.body.recording, approval.body.key)) {
    co_return Error(Errc::unavailable, "your withdrawal is not in the ledger yet; approve again in a moment",
                    "proof_follows");
  }
  // Those that fail, too: a fresh challenge has to be made durable for each.
  BOOST_OUTCOME_CO_TRY(answers_.take(AnswerLimit::What::approval, request_->body.recording, approval.body.key));
  const std::optional<crypto::ByteView> wrapped_view =
      wrapped ? std::optional<crypto::ByteView>(*wrapped) : std::nullopt;
  auto checked = consent::check_approval(approval, *request_, room_, wrapped_view, find(id)->challenge, wall_time());
  if (!checked) {
    (void)co_await renew_challenge(id, Tell::now);
    co_return std::move(checked).error();
  }
  BOOST_OUTCOME_CO_TRY(auto approved, consent::admit(state_, approval));
  consent::NewEntry row = consent::new_entry(approval, std::move(wrapped));
  auto appended = co_await append_one(services_, std::move(row));
  if (!appended) {
    if (appended.error().word == "storage") report_fault(consent::Part::ledger, appended.error().text);
    // A claim that any participant can make, as often as they like: no error of ours before somebody has looked.
    if (appended.error().word == "ledger_falsified")
      services_.log.warning("an approval was refused: " + appended.error().text);
    (void)co_await renew_challenge(id, Tell::now);
    co_return std::move(appended).error();
  }
  Accepted accepted{std::move(appended).value(), std::nullopt};
  if (!request_ || request_->id != approval.body.request) co_return accepted;  // over meanwhile
  approvals_.insert_or_assign(approval.id, approval);
  last_approval_ns_ = monotonic_ns();
  apply(approved);
  accepted.place = co_await give_place(approval);
  (void)co_await renew_challenge(id, Tell::now);
  co_return accepted;
}

Task<std::optional<PublishPlace>> Meeting::give_place(consent::Signed<consent::Approval> approval) {
  auto place = open_place(approval);
  if (!place || !request_) co_return place;
  // Locals: the request may be over while the database works. The closure holds references only: GCC 12 destroys a
  // temporary closure inside an await twice if it holds strings.
  const ReadGrant grant{approval.body.recording.hex(), approval.id.hex()};
  const auto token = place->token.sha256;
  const consent::TimeMs until = request_->body.delete_after_ms;
  const auto granted = co_await services_.in_database([&] { return services_.rooms.add_grant(token, grant, until); });
  if (!granted) {
    ungranted_.push_back({token, grant, until});
    report_fault(consent::Part::ledger,
                 "the right of a participant to read their own tracks could not be stored: " + granted.error().text);
  }
  co_return place;
}

Task<bool> Meeting::store_grants() {
  while (!ungranted_.empty()) {
    const Ungranted next = ungranted_.front();
    const auto granted = co_await services_.in_database([&]() -> Result<void> {
      BOOST_OUTCOME_TRY(const auto owner, services_.rooms.owner_of_recording(next.grant.recording));
      if (!owner) return boost::outcome_v2::success();  // erased meanwhile: there is nothing to read
      return services_.rooms.add_grant(next.token, next.grant, next.until);
    });
    if (!granted) co_return false;
    if (!ungranted_.empty() && ungranted_.front().token == next.token) ungranted_.pop_front();
  }
  co_return true;
}

Task<Result<void>> Meeting::confirm(consent::ParticipantId participant, ConfirmMessage message) {
  const auto self = shared_from_this();
  BOOST_OUTCOME_CO_TRY(const auto confirmation, consent::parse_statement<consent::Confirmation>(message.envelope));
  if (!request_ || find(participant) == nullptr)
    co_return Error(Errc::not_found, "there is nothing to confirm here now", "unknown_reference");
  if (confirmation.body.participant != participant)
    co_return Error(Errc::forbidden, "this is another person's confirmation", "not_permitted");
  if (unproven_.is_withdrawing(confirmation.body.recording, confirmation.body.key))
    co_return Error(Errc::unavailable, "your withdrawal is not in the ledger yet", "proof_follows");
  BOOST_OUTCOME_CO_TRY(answers_.take(AnswerLimit::What::approval, request_->body.recording, find(participant)->key));
  const std::string challenge = std::exchange(find(participant)->challenge, {});  // used up, whatever comes of it
  const WebSocketPeer* const peer = find(participant)->peer.get();
  auto revived = revive(confirmation, challenge);
  if (revived) {
    const consent::StatementId approval = revived.value().id;
    const auto place = co_await give_place(std::move(revived).value());
    // A newer connection confirms anew, and gets a place of its own.
    const Person* person = find(participant);
    if (person != nullptr && person->peer.get() == peer) person->send(confirmed_message(approval, place));
  }
  (void)co_await renew_challenge(participant, Tell::now);
  if (!revived) co_return std::move(revived).error();
  co_return boost::outcome_v2::success();
}

Result<consent::Signed<consent::Approval>> Meeting::revive(const consent::Signed<consent::Confirmation>& confirmation,
                                                           std::string_view challenge) {
  BOOST_OUTCOME_TRY(consent::check_confirmation(confirmation, *request_, challenge, wall_time()));
  BOOST_OUTCOME_TRY(auto confirmed, consent::admit(state_, confirmation));
  apply(std::move(confirmed));
  const auto member = state_.members.find(confirmation.body.participant);
  const auto approval = approvals_.find(confirmation.body.approval);
  if (member == state_.members.end() || member->second.approval != confirmation.body.approval ||
      approval == approvals_.end())
    return Error(Errc::conflict, "this approval does not hold any more; answer the request again", "unknown_reference");
  return approval->second;
}

bool Meeting::would_take(const consent::Signed<consent::Refusal>& refusal) const {
  const auto person = people_.find(refusal.body.participant);
  return request_ && person != people_.end() && person->second.key == refusal.body.key &&
         consent::check_refusal(refusal, *request_, person->second.challenge, wall_time()) &&
         consent::admit(state_, refusal);
}

Task<Result<Accepted>> Meeting::refuse(consent::Signed<consent::Refusal> refusal) {
  const auto self = shared_from_this();
  const consent::ParticipantId id = refusal.body.participant;
  Person* person = find(id);
  if (!request_ || person == nullptr) co_return Error(Errc::not_found, "there is nothing to refuse here now");
  // As with an approval: somebody else's signature must not use up this person's challenge.
  if (person->key != refusal.body.key)
    co_return Error(Errc::forbidden, "this key is not this person's", "not_permitted");
  auto checked = consent::check_refusal(refusal, *request_, person->challenge, wall_time());
  // A refusal that closes the gate is not counted: before each of them something was approved, and that was.
  const auto member = state_.members.find(id);
  const bool takes_back = member != state_.members.end() && member->second.answer == consent::Answer::approved;
  if (!checked || member == state_.members.end() || member->second.answer == consent::Answer::refused) {
    BOOST_OUTCOME_CO_TRY(answers_.take(AnswerLimit::What::refusal, request_->body.recording, refusal.body.key));
  }
  if (!checked) {
    (void)co_await renew_challenge(id, Tell::now);
    co_return std::move(checked).error();
  }
  BOOST_OUTCOME_CO_TRY(auto refused, consent::admit(state_, refusal));
  apply(refused);  // at once: nothing of this waits for a disk
  forget_place(*person);
  if (!takes_back) {
    const consent::RecordingId recording = request_->body.recording;
    auto counted = co_await services_.in_database([&] { return check_takes_refusals(services_, recording); });
    if (!counted) {
      (void)co_await renew_challenge(id, Tell::now);
      co_return std::move(counted).error();
    }
  }
  consent::NewEntry row = consent::new_entry(refusal);
  auto appended = co_await append_one(services_, std::move(row));
  if (!appended && appended.error().word == "storage") report_fault(consent::Part::ledger, appended.error().text);
  (void)co_await renew_challenge(id, Tell::now);
  BOOST_OUTCOME_CO_TRY(auto entry, std::move(appended));
  co_return Accepted{std::move(entry), std::nullopt};
}

bool Meeting::concerns(const consent::Withdrawal& withdrawal) const {
  const auto& preparation = state_.preparation;
  if (preparation && preparation->recording == withdrawal.recording &&
      std::ranges::any_of(preparation->roster, [&](const auto& seat) { return seat.key == withdrawal.key; })) {
    return true;
  }
  return is_about(withdrawal.recording) &&
         (std::ranges::any_of(people_, [&](const auto& entry) { return entry.second.key == withdrawal.key; }) ||
          std::ranges::any_of(approvals_, [&](const auto& entry) { return entry.second.body.key == withdrawal.key; }));
}

void Meeting::tell_rules(const consent::Signed<consent::Withdrawal>& withdrawal, JobQueue::Job first) {
  if (!heard_.insert(withdrawal.id).second) {
    if (first) queue_->add(std::move(first));
    return;
  }
  apply(consent::withdrawn_by(withdrawal), std::move(first));  // the gate is closed when this returns
  services_.log.debug("withdrawal in effect");
  if (!is_about(withdrawal.body.recording)) return;
  for (auto& [id, person] : people_) {
    if (person.key != withdrawal.body.key || !person.place) continue;
    person.place->allowed = person.place->allowed.without(withdrawal.body.kinds);
    if (person.place->allowed.empty()) forget_place(person);
  }
}

void Meeting::hear(const consent::Signed<consent::Withdrawal>& withdrawal) {
  if (concerns(withdrawal.body)) tell_rules(withdrawal);
}

Task<Result<void>> Meeting::finish(consent::Signed<consent::Withdrawal> withdrawal) {
  const auto self = shared_from_this();
  // Shared with the job, which is carried out whatever becomes of this function.
  struct Erasing {
    consent::Signed<consent::Withdrawal> withdrawal;
    std::optional<Result<void>> done{};
  };
  const auto erasing = std::make_shared<Erasing>(Erasing{std::move(withdrawal)});
  queue_->add([self, erasing]() -> Task<void> {
    Services& services = self->services_;
    auto named = co_await services.in_database([&] { return withdrawn_by_this(services, erasing->withdrawal); });
    if (!named) named = std::vector<consent::StatementId>();
    std::vector<consent::StatementId> also = std::move(named).value();
    erasing->done.emplace(
        co_await erase_withdrawn(services, self->unproven_, erasing->withdrawal.body.recording, std::move(also)));
  });
  co_await queue_->drained();
  if (!erasing->done) co_return Error(Errc::unavailable, "the erasure failed; the log says why");
  co_return std::move(*erasing->done);
}

void Meeting::tell_proven(const consent::Signed<consent::Withdrawal>& withdrawal) {
  for (const auto& [id, person] : people_) {
    if (person.key == withdrawal.body.key) person.send(proven_message(withdrawal.id));
  }
}

Result<void> Meeting::count(const consent::Signed<consent::Withdrawal>& withdrawal) {
  const consent::Withdrawal& body = withdrawal.body;
  if (heard_.contains(withdrawal.id)) return answers_.take_again(withdrawal.id);
  if (body.kinds == consent::Scope::all())
    return answers_.take(AnswerLimit::What::everything, body.recording, body.key);
  // Each of these leaves less of an approval, which was counted itself.
  const bool takes_something = is_about(body.recording) && state_.recording &&
                               std::ranges::any_of(state_.recording->approvals, [&](const auto& item) {
                                 return item.second.key == body.key && !item.second.scope.common(body.kinds).empty();
                               });
  if (takes_something) return boost::outcome_v2::success();
  return answers_.take(AnswerLimit::What::part, body.recording, body.key);
}

Task<Result<Accepted>> Meeting::withdraw(consent::Signed<consent::Withdrawal> withdrawal) {
  const auto self = shared_from_this();
  BOOST_OUTCOME_CO_TRY(count(withdrawal));
  if (unproven_.covers(withdrawal)) {
    co_return Error(Errc::unavailable,
                    "a withdrawal of yours is in effect; its proof follows: send this one again then", "proof_follows");
  }
  const auto author = std::pair(withdrawal.body.recording, withdrawal.body.key);
  if (all_erased_.contains(author)) {
    // Nobody else's take or erasure waits for this one.
    auto again = co_await services_.in_database([&] { return append_withdrawal(services_, withdrawal); });
    if (again) co_return Accepted{std::move(again).value(), std::nullopt};
  }
  // Its row waits behind what the recorder is doing; an approval's would not. Nothing of it is given out meanwhile.
  const Unproven::OnItsWay on_its_way = unproven_.take_up(withdrawal);
  const RecordingMarks::Mark carried_out = unproven_.carry_out(withdrawal.body.recording);
  // Shared with the job, which is carried out even if the effects of the event below fail.
  struct Writing {
    consent::Signed<consent::Withdrawal> withdrawal;
    std::optional<Result<consent::Entry>> row{};
  };
  const auto writing = std::make_shared<Writing>(Writing{withdrawal});
  auto write_row = [self, writing]() -> Task<void> {
    Services& services = self->services_;
    auto appended = co_await services.in_database([&] { return append_withdrawal(services, writing->withdrawal); });
    services.log.debug(appended ? "withdrawal in the ledger" : "withdrawal not in the ledger yet");
    const auto erased_keys = co_await services.in_database(
        [&] { return erase_withdrawn_keys(services, writing->withdrawal.body.recording); });
    if (!erased_keys) services.log.error("wrapped keys are not erased yet: " + erased_keys.error().text);
    writing->row.emplace(std::move(appended));
  };
  tell_rules(withdrawal, write_row);
  auto erased = co_await finish(withdrawal);
  auto& row = writing->row;
  const bool in_ledger = row && row->has_value();
  if (in_ledger && erased) {
    unproven_.forget(withdrawal.id);
    if (withdrawal.body.kinds == consent::Scope::all()) all_erased_.insert(author);
    co_return Accepted{std::move(row->value()), std::nullopt};
  }
  unproven_.keep(withdrawal, in_ledger ? Unproven::Missing::erasure : Unproven::Missing::row);
  if (in_ledger) {
    report_fault(consent::Part::ledger, "a withdrawal is in effect, but not all is erased yet: " + erased.error().text);
  } else {
    const std::string why = row ? row->error().text : "it was not tried";
    report_fault(consent::Part::ledger, "a withdrawal is in effect, but not in the ledger yet: " + why);
  }
  co_return Error(Errc::unavailable, "your withdrawal is in effect; the proof follows: send it again in a moment",
                  "proof_follows");
}

}  // namespace unavoce::server
