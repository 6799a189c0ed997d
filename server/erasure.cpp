#include "server/erasure.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "consent/rules.hpp"
#include "crypto/dsse.hpp"
#include "recorder/recorder.hpp"
#include "server/clock.hpp"
#include "server/evidence.hpp"
#include "server/job_queue.hpp"

namespace unavoce::server {
namespace {

/// An `erased` statement holds at most 256 names (FORMATS section 2).
constexpr std::size_t kNamesPerStatement = 200;

/// What has to go, as the `erased` statement will name it.
struct Plan {
  std::vector<consent::StatementId> approvals;  ///< withdrawn as a whole
  std::vector<std::string> files;               ///< their track files, or all of the takes they were in
  std::vector<std::string> what;                ///< files and wrapped keys that no `erased` statement names yet
};

bool names(const consent::Take& take, const std::vector<consent::StatementId>& approvals) {
  return std::ranges::any_of(take.approvals, [&](const auto& id) { return std::ranges::count(approvals, id) != 0; });
}

Plan plan_of(const Evidence& evidence, std::vector<consent::StatementId> also) {
  Plan plan;
  plan.approvals = consent::wholly_withdrawn(evidence.approval_rows, evidence.withdrawal_rows);
  for (const auto& id : also)
    if (std::ranges::count(plan.approvals, id) == 0) plan.approvals.push_back(id);
  std::set<std::uint32_t> whole_takes;
  if (evidence.extent == consent::WithdrawalErases::whole_takes)
    for (const auto& take : evidence.takes)
      if (names(take.body, plan.approvals)) whole_takes.insert(take.body.take);
  for (const auto& track : evidence.tracks)
    if (whole_takes.contains(track.body.take) || std::ranges::count(plan.approvals, track.body.approval) != 0)
      plan.files.push_back(track.body.name);
  for (const auto& approval : evidence.approvals)
    if (approval.body.consent_recipient && std::ranges::count(plan.approvals, approval.id) != 0)
      plan.what.push_back("wrapped:" + approval.id.hex());
  for (const auto& name : plan.files) {
    plan.what.push_back(name);
    const std::string tail = storage::tail_name(name);
    if (std::ranges::count(evidence.sealed_files, tail) != 0) plan.what.push_back(tail);
  }
  std::erase_if(plan.what, [&](const auto& text) { return std::ranges::count(evidence.erased, text) != 0; });
  return plan;
}

/// The rows that the ledger lacks of the withdrawals that took these approvals back: nothing may be said to be erased
/// before them. Database thread.
Result<std::vector<consent::NewEntry>> rows_lacking(Services& services, const Unproven& unproven,
                                                    const consent::RecordingId& recording,
                                                    const std::vector<consent::StatementId>& approvals) {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, recording));
  std::vector<consent::ApprovalRow> taken_back;
  for (const auto& approval : evidence.approval_rows)
    if (std::ranges::count(approvals, approval.id) != 0) taken_back.push_back(approval);
  std::vector<consent::WithdrawalRow> proven = evidence.withdrawal_rows;
  const auto is_proven = [&](const consent::ApprovalRow& approval) { return !consent::left_of(approval, proven); };
  std::vector<consent::NewEntry> rows;
  std::erase_if(taken_back, is_proven);
  for (const auto& withdrawal : unproven.of(recording)) {
    const auto takes = [&](const auto& approval) {
      const auto left = consent::left_of(approval, proven);
      return approval.key == withdrawal.body.key &&
             (withdrawal.body.kinds == consent::Scope::all() || !left->common(withdrawal.body.kinds).empty());
    };
    if (!std::ranges::any_of(taken_back, takes)) continue;
    const auto is_it = [&](const auto& row) { return row.id == withdrawal.id; };
    if (std::ranges::any_of(rows, is_it) || std::ranges::count(evidence.withdrawal_ids, withdrawal.id) != 0) continue;
    proven.push_back({withdrawal.body.key, withdrawal.body.kinds, std::numeric_limits<std::uint64_t>::max()});
    rows.push_back(consent::new_entry(withdrawal));
    std::erase_if(taken_back, is_proven);
  }
  if (!taken_back.empty()) {
    return Error(Errc::conflict, "the withdrawal of approval " + taken_back.front().id.hex() +
                                     " is neither in the ledger nor on its way: nothing is said of what went with it");
  }
  return rows;
}

Task<Result<void>> say_erased(Services& services, const Unproven& unproven, consent::RecordingId recording,
                              std::vector<consent::StatementId> approvals, std::vector<std::string> what) {
  co_return co_await services.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(auto entries, rows_lacking(services, unproven, recording, approvals));
    consent::Erased body{recording, what, consent::ErasedReason::withdrawal, services.service_key.public_key(),
                         wall_time()};
    BOOST_OUTCOME_TRY(auto erased, sign_as_service(services, std::move(body)));
    entries.push_back(consent::new_entry(erased));
    BOOST_OUTCOME_TRY(append(services, entries));
    return boost::outcome_v2::success();
  });
}

/// Has the recorder drop and remove every file of an approval, running or finished.
Task<Result<void>> abort_tracks(Services& services, consent::RecordingId recording, consent::StatementId approval) {
  using Answer = recorder::Result<std::vector<std::string>>;
  auto removed = co_await answer_of<Answer>(services.executors.control, [&](auto done) {
    services.recorder.abort_track(recording, approval, std::move(done));
  });
  if (!removed) co_return Error(removed.error());
  co_return boost::outcome_v2::success();
}

/// The tails that a seal named while their files were being removed: no `erased` statement names them yet.
Result<std::vector<std::string>> tails_sealed_meanwhile(Services& services, const consent::RecordingId& recording,
                                                        const std::vector<std::string>& files) {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, recording));
  std::vector<std::string> tails;
  for (const auto& name : files) {
    std::string tail = storage::tail_name(name);
    if (std::ranges::count(evidence.sealed_files, tail) != 0 && std::ranges::count(evidence.erased, tail) == 0)
      tails.push_back(std::move(tail));
  }
  return tails;
}

}  // namespace

Result<Withdrawn> withdrawn_of(Services& services, const consent::RecordingId& recording,
                               const std::vector<consent::Signed<consent::Withdrawal>>& in_effect) {
  BOOST_OUTCOME_TRY(auto evidence, read_evidence(services, recording));
  const std::vector<consent::WithdrawalRow> proven = evidence.withdrawal_rows;
  for (const auto& withdrawal : in_effect) {
    // It may have its row by now, and sent again it takes nothing back that was approved after that.
    if (std::ranges::count(evidence.withdrawal_ids, withdrawal.id) != 0) continue;
    evidence.withdrawal_rows.push_back(
        {withdrawal.body.key, withdrawal.body.kinds, std::numeric_limits<std::uint64_t>::max()});
  }
  Plan plan = plan_of(evidence, {});
  Withdrawn withdrawn{std::move(plan.approvals), plan.files};
  withdrawn.lacks_proof = !plan.what.empty() || std::ranges::any_of(evidence.approval_rows, [&](const auto& approval) {
    return consent::left_of(approval, proven) != consent::left_of(approval, evidence.withdrawal_rows);
  });
  for (const std::string& name : plan.files) withdrawn.files.push_back(storage::tail_name(name));
  if (evidence.request) withdrawn.delete_after = evidence.request->body.delete_after_ms;
  return withdrawn;
}

Result<std::vector<consent::Entry>> erasures_of(Services& services, const consent::Withdrawal& withdrawal) {
  BOOST_OUTCOME_TRY(auto evidence, read_evidence(services, withdrawal.recording));
  // What would have to go for this key alone, had nothing gone yet.
  std::erase_if(evidence.withdrawal_rows, [&](const auto& row) { return row.key != withdrawal.key; });
  evidence.erased.clear();
  const Plan plan = plan_of(evidence, {});
  BOOST_OUTCOME_TRY(auto entries, services.ledger.entries(withdrawal.recording.hex()));
  std::vector<consent::Entry> erasures;
  for (auto& entry : entries) {
    if (entry.kind != "erased") continue;
    BOOST_OUTCOME_TRY(const auto said, consent::parse_statement<consent::Erased>(entry.envelope));
    const bool about_it = std::ranges::any_of(
        said.body.what, [&](const std::string& name) { return std::ranges::count(plan.what, name) != 0; });
    if (about_it) erasures.push_back(std::move(entry));
  }
  return erasures;
}

Result<void> forget_statements(Services& services, const std::string& recording, consent::ErasedReason reason) {
  BOOST_OUTCOME_TRY(const auto entries, services.ledger.entries(recording));
  // Nothing was asked yet, or it was erased before, by a process that may have died over the last step.
  if (entries.empty() || entries.front().kind != "request") {
    BOOST_OUTCOME_TRY(services.ledger.overwrite_erased_rows());
    return boost::outcome_v2::success();
  }
  BOOST_OUTCOME_TRY(auto id, consent::RecordingId::parse(recording));
  consent::Erased body{id, {"recording"}, reason, services.service_key.public_key(), wall_time()};
  BOOST_OUTCOME_TRY(auto erased, sign_as_service(services, std::move(body)));
  BOOST_OUTCOME_TRY(services.ledger.erase_recording(consent::new_entry(erased), wall_time()));
  return boost::outcome_v2::success();
}

namespace {

/// Each device that has a withdrawal signed by this key keeps its own proof, but nobody needs more of them than this.
constexpr std::size_t kMaxOfEverything = 20;

/// The first withdrawal of everything by the key of this one, if there are so many that this one is not written. What a
/// key took back as a whole it took back for good, so there is nothing that this one could still take. In doubt none:
/// no withdrawal is kept back by what cannot be read.
std::optional<consent::Entry> in_place_of(Services& services, const consent::Signed<consent::Withdrawal>& withdrawal) {
  auto entries = services.ledger.entries(withdrawal.body.recording.hex());
  if (!entries) return std::nullopt;
  std::optional<consent::Entry> first;
  std::size_t others = 0;
  for (auto& entry : entries.value()) {
    if (entry.id == withdrawal.id) return std::nullopt;
    if (entry.kind != "withdrawal") continue;
    const auto other = consent::parse_statement<consent::Withdrawal>(entry.envelope);
    if (!other || other.value().body.key != withdrawal.body.key) continue;
    if (other.value().body.kinds != consent::Scope::all()) continue;
    ++others;
    if (!first) first = std::move(entry);
  }
  // Nobody has use for one of some kinds after that.
  const std::size_t enough = withdrawal.body.kinds == consent::Scope::all() ? kMaxOfEverything : 1;
  if (others < enough) return std::nullopt;
  return first;
}

}  // namespace

Result<consent::Entry> append_withdrawal(Services& services, const consent::Signed<consent::Withdrawal>& withdrawal) {
  if (auto before = in_place_of(services, withdrawal)) return std::move(*before);
  const auto entry = consent::new_entry(withdrawal);
  BOOST_OUTCOME_TRY(auto appended, append(services, {&entry, 1}));
  return std::move(appended.front());
}

Result<void> erase_withdrawn_keys(Services& services, const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(auto evidence, read_evidence(services, recording));
  for (const auto& approval : consent::wholly_withdrawn(evidence.approval_rows, evidence.withdrawal_rows)) {
    BOOST_OUTCOME_TRY(services.ledger.erase_wrapped(approval));
  }
  return boost::outcome_v2::success();
}

Result<std::vector<consent::StatementId>> withdrawn_by_this(Services& services,
                                                            const consent::Signed<consent::Withdrawal>& withdrawal) {
  const consent::Withdrawal& body = withdrawal.body;
  BOOST_OUTCOME_TRY(const auto entries, services.ledger.entries(body.recording.hex()));
  if (!entries.empty() && entries.front().kind == "erased") {
    return Error(Errc::gone,
                 "the whole recording was erased, and with it everything of you; GET its /erasure says when");
  }
  std::vector<consent::ApprovalRow> theirs;
  std::uint64_t place = std::numeric_limits<std::uint64_t>::max();
  for (const auto& entry : entries) {
    if (entry.id == withdrawal.id) place = entry.sequence;
    if (entry.kind != "approval") continue;
    // Whoever knows a recording's id can ask with one fresh key after the other: nothing else of the others' is read.
    BOOST_OUTCOME_TRY(const auto envelope, crypto::parse_envelope(entry.envelope));
    if (!std::ranges::any_of(envelope.signatures, [&](const auto& one) { return one.keyid == body.key.text(); }))
      continue;
    BOOST_OUTCOME_TRY(const auto approval, consent::parse_statement<consent::Approval>(entry.envelope));
    if (approval.body.key == body.key)
      theirs.push_back({approval.id, approval.body.key, approval.body.scope, entry.sequence});
  }
  if (theirs.empty()) {
    return Error(Errc::not_found, "nobody approved this recording with this key", "unknown_reference");
  }
  const consent::WithdrawalRow now{body.key, body.kinds, place};
  return consent::wholly_withdrawn(theirs, {&now, 1});
}

Task<Result<void>> erase_withdrawn(Services& services, const Unproven& unproven, consent::RecordingId recording,
                                   std::vector<consent::StatementId> also) {
  // One file that cannot be removed keeps none of the others; the first error is told at the end.
  Result<void> outcome = boost::outcome_v2::success();
  auto planned = co_await services.in_database([&]() -> Result<Plan> {
    auto evidence = read_evidence(services, recording);
    // Without the ledger we still know whom the rules named: their keys and files go.
    Plan plan = evidence ? plan_of(evidence.value(), also) : Plan{also, {}, {}};
    for (const auto& id : plan.approvals) {
      auto erased = services.ledger.erase_wrapped(id);
      if (!erased && evidence) evidence = erased.error();
    }
    if (!evidence) {
      services.log.error("a withdrawal is carried out without the ledger or its keys: " + evidence.error().text);
      outcome = std::move(evidence).error();
    }
    return plan;
  });
  BOOST_OUTCOME_CO_TRY(auto plan, std::move(planned));
  for (const auto& approval : plan.approvals) {
    auto aborted = co_await abort_tracks(services, recording, approval);
    if (!aborted && outcome) outcome = std::move(aborted).error();
  }
  auto removed = co_await on(services.executors.workers, [&]() -> Result<void> {
    Result<void> first = boost::outcome_v2::success();
    for (const auto& name : plan.files) {
      auto erased = services.blobs.erase(recording.hex(), name);
      if (!erased && first) first = Error(erased.error());
    }
    return first;
  });
  if (!removed && outcome) outcome = std::move(removed).error();
  if (!outcome) co_return outcome;  // `erased` claims only what is gone: it is tried again
  if (plan.what.empty()) co_return boost::outcome_v2::success();
  for (std::size_t begin = 0; begin < plan.what.size(); begin += kNamesPerStatement) {
    const auto end = std::min(begin + kNamesPerStatement, plan.what.size());
    // A local: GCC 12 destroys a braced argument of an awaited call twice.
    const std::vector<std::string> some(plan.what.begin() + static_cast<std::ptrdiff_t>(begin),
                                        plan.what.begin() + static_cast<std::ptrdiff_t>(end));
    auto said = co_await say_erased(services, unproven, recording, plan.approvals, some);
    BOOST_OUTCOME_CO_TRY(std::move(said));
  }
  // From here on no seal names anything of these files any more.
  auto looked = co_await services.in_database([&] { return tails_sealed_meanwhile(services, recording, plan.files); });
  BOOST_OUTCOME_CO_TRY(const auto tails, std::move(looked));
  if (tails.empty()) co_return boost::outcome_v2::success();
  co_return co_await say_erased(services, unproven, recording, plan.approvals, tails);
}

}  // namespace unavoce::server
