// Withdrawals that no session is about: of a recording that has ended, or of somebody who is in no meeting. They close
// no gate; what a session does for its own is in meeting_statements.cpp.
#include <utility>

#include "server/erasure.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {

/// Here nobody knows what is still to be taken back by one of some kinds: they are all counted.
Result<void> Meetings::count(const consent::Withdrawal& withdrawal, const consent::StatementId& id, bool is_known) {
  if (is_known) return answers_.take_again(id);
  const bool is_full = withdrawal.kinds == consent::Scope::all();
  const auto what = is_full ? AnswerLimit::What::everything : AnswerLimit::What::part;
  return answers_.take(what, withdrawal.recording, withdrawal.key);
}

Task<Result<Accepted>> Meetings::withdraw_afterwards(consent::Signed<consent::Withdrawal> withdrawal) {
  // In effect from here on: for whoever reads, and for a session that begins while this waits for the database.
  const Unproven::OnItsWay on_its_way = unproven_.take_up(withdrawal);
  services_.log.debug("a withdrawal without a session has arrived");
  auto looked = co_await services_.in_database([&]() -> Result<Standing> {
    BOOST_OUTCOME_TRY(auto approvals, withdrawn_by_this(services_, withdrawal));
    BOOST_OUTCOME_TRY(const auto before, services_.ledger.find(withdrawal.id));
    return Standing{before.has_value(), std::move(approvals)};
  });
  // A session that began meanwhile was told when it began, and carries it out whatever was found.
  if (const auto meeting = meeting_concerned_by(withdrawal.body))
    co_return co_await meeting->withdraw(std::move(withdrawal));
  BOOST_OUTCOME_CO_TRY(auto standing, std::move(looked));
  BOOST_OUTCOME_CO_TRY(count(withdrawal.body, withdrawal.id, standing.is_known));
  if (unproven_.covers(withdrawal)) {
    co_return Error(Errc::unavailable,
                    "a withdrawal of yours is in effect; its proof follows: send this one again then", "proof_follows");
  }
  const RecordingMarks::Mark carried_out = unproven_.carry_out(withdrawal.body.recording);
  // There is no gate to close. The row waits for nothing that is being erased.
  auto row = co_await services_.in_database([&] { return append_withdrawal(services_, withdrawal); });
  // Also when the row could not be written: erase anyway, the proof follows.
  auto erased = co_await erase_afterwards(withdrawal, std::move(standing.approvals));
  if (!erased && erased.error().code == Errc::gone) co_return std::move(erased).error();
  if (row && erased) {
    unproven_.forget(withdrawal.id);
    co_return Accepted{std::move(row).value(), std::nullopt};
  }
  unproven_.keep(withdrawal, row ? Unproven::Missing::erasure : Unproven::Missing::row);
  if (!row)
    services_.log.error("a withdrawal is in effect, but not in the ledger yet: " + row.error().text);
  else
    services_.log.error("a withdrawal is in effect, but not all is erased yet: " + erased.error().text);
  co_return Error(Errc::unavailable, "your withdrawal is in effect; the proof follows: send it again in a moment",
                  "proof_follows");
}

Task<Result<void>> Meetings::erase_again(consent::RecordingId recording) {
  const std::vector<consent::StatementId> only_what_the_ledger_says;
  co_return co_await erase_withdrawn(services_, unproven_, recording, only_what_the_ledger_says);
}

Task<Result<void>> Meetings::erase_afterwards(consent::Signed<consent::Withdrawal> withdrawal,
                                              std::vector<consent::StatementId> also) {
  if (const auto meeting = meeting_concerned_by(withdrawal.body)) co_return co_await meeting->finish(withdrawal);
  const consent::RecordingId recording = withdrawal.body.recording;
  std::optional<Result<void>> erased;
  afterwards_.add(recording, [&]() -> Task<void> {
    // Its host may have had it erased while this waited.
    const auto named = co_await services_.in_database([&] { return withdrawn_by_this(services_, withdrawal); });
    if (!named && named.error().code == Errc::gone) {
      erased.emplace(named.error());
      co_return;
    }
    erased.emplace(co_await erase_withdrawn(services_, unproven_, recording, also));
  });
  co_await afterwards_.drained(recording);
  if (!erased) co_return Error(Errc::unavailable, "the erasure failed; the log says why");
  co_return std::move(*erased);
}

/// One more attempt for a withdrawal that the disk refused.
Task<std::optional<Unproven::Missing>> Meetings::finish(consent::Signed<consent::Withdrawal> withdrawal) {
  if (const auto meeting = meeting_concerned_by(withdrawal.body)) meeting->hear(withdrawal);
  const auto row = co_await services_.in_database([&] { return append_withdrawal(services_, withdrawal); });
  if (!row && row.error().word == "storage") co_return Unproven::Missing::row;
  if (!row) {
    services_.log.error("a withdrawal is in effect, but the ledger will not take it: " + row.error().text);
    co_return std::nullopt;
  }
  std::vector<consent::StatementId> only_what_the_ledger_says;
  const auto erased = co_await erase_afterwards(withdrawal, std::move(only_what_the_ledger_says));
  if (!erased && erased.error().code == Errc::gone) co_return std::nullopt;
  if (!erased) co_return Unproven::Missing::erasure;
  services_.log.info("a withdrawal that had to wait is in the ledger now");
  for (const auto& [room, running] : meetings_) running->tell_proven(withdrawal);
  co_return std::nullopt;
}

}  // namespace unavoce::server
