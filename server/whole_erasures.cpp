// Recordings are erased as a whole: for their host before their time is over, with their room, at the end of their
// retention; one at a time, behind the withdrawals that are being carried out.

#include <algorithm>

#include "server/erasure.hpp"
#include "server/evidence.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

/// Whether a recording may go: it has ended for good, so that no session writes into it any more; or it was erased
/// before, by somebody who could not finish. `owes_final`: it has ended, though the ledger does not say so yet. Reads
/// the last seal only, as it may be asked in vain again and again. Database thread.
Result<void> check_has_ended(Services& services, const consent::RecordingId& recording, bool owes_final) {
  BOOST_OUTCOME_TRY(const bool erased, services.ledger.was_erased(recording.hex()));
  BOOST_OUTCOME_TRY(const auto begun, services.ledger.erasure_begun(recording.hex()));
  if (erased || begun || owes_final) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(const auto entries, services.ledger.entries(recording.hex()));
  if (entries.empty()) return Error(Errc::not_found, "there is no such recording");
  const auto last = std::find_if(entries.rbegin(), entries.rend(), [](const auto& one) { return one.kind == "seal"; });
  if (last != entries.rend()) {
    BOOST_OUTCOME_TRY(const auto seal, consent::parse_statement<consent::Seal>(last->envelope));
    if (!seal.body.take) return boost::outcome_v2::success();
  }
  return Error(Errc::conflict, "this recording has not ended; end it first", "not_ended");
}

}  // namespace

Task<Result<void>> Meetings::erase_for_host(consent::RecordingId recording) {
  // Nothing that is refused keeps a withdrawal waiting.
  const bool owes_final = seals_.owes_final(recording);
  auto checked = co_await services_.in_database([&] { return check_has_ended(services_, recording, owes_final); });
  BOOST_OUTCOME_CO_TRY(std::move(checked));
  const std::function<Task<Result<void>>()> erase = [&] { return erase_ended(recording); };
  co_return co_await erase_in_turn(recording, erase);
}

Task<Result<void>> Meetings::erase_in_turn(const consent::RecordingId& recording,
                                           const std::function<Task<Result<void>>()>& erase) {
  if (erasing_.has(recording)) co_return Error(Errc::conflict, "this recording is being erased already");
  const RecordingMarks::Mark erasing = erasing_.set(recording);
  std::optional<Result<void>> erased;
  afterwards_.add(recording, [&]() -> Task<void> { erased.emplace(co_await erase()); });
  co_await afterwards_.drained(recording);
  if (!erased) co_return Error(Errc::unavailable, "the erasure failed; the log says why");
  co_return std::move(*erased);
}

Task<Result<void>> Meetings::erase_ended(consent::RecordingId recording) {
  const bool owes_final = seals_.owes_final(recording);
  auto checked = co_await services_.in_database([&] { return check_has_ended(services_, recording, owes_final); });
  BOOST_OUTCOME_CO_TRY(std::move(checked));
  // The final seal is there, and the session it is of has not heard of it yet.
  if (meeting_about(recording)) {
    co_return Error(Errc::conflict, "this recording is just being ended; try again in a moment", "not_ended");
  }
  // Their authors get their proof first; the next one is told that all of it is gone.
  if (unproven_.owes(recording)) {
    co_return Error(Errc::conflict,
                    "a withdrawal of this recording is in effect, but not finished yet; try again in a moment",
                    "withdrawal_unfinished");
  }
  std::string text = recording.hex();
  co_return co_await erase_recording(std::move(text), consent::ErasedReason::recording_deleted);
}

Task<Result<void>> Meetings::erase_recording(std::string recording, consent::ErasedReason reason) {
  // What a crash or the disk cuts off is finished by the next start or sweep, and given out no more. The end of a
  // retention needs no note for that, and waits for none.
  if (reason != consent::ErasedReason::retention) {
    auto noted = co_await services_.in_database([&]() -> Result<void> {
      BOOST_OUTCOME_TRY(services_.ledger.begin_erasure(recording, reason));
      return boost::outcome_v2::success();
    });
    BOOST_OUTCOME_CO_TRY(std::move(noted));
  }
  // Keys first: from then on the files are noise, whatever happens to the rest.
  auto keys = co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.ledger.erase_all_wrapped(recording));
    return boost::outcome_v2::success();
  });
  auto files = co_await on(services_.executors.workers, [&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.blobs.erase_recording(recording));
    return boost::outcome_v2::success();
  });
  // A key that the disk does not let go of keeps no file, but the statements say that all is gone, or nothing.
  BOOST_OUTCOME_CO_TRY(std::move(keys));
  BOOST_OUTCOME_CO_TRY(std::move(files));
  co_return co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(forget_statements(services_, recording, reason));
    return services_.rooms.remove_recording(recording);
  });
}

Task<Result<void>> Meetings::erase_room(std::string room) {
  co_await close_room(room);
  for (;;) {
    auto recordings = co_await services_.in_database([&] { return services_.rooms.recordings_in(room); });
    BOOST_OUTCOME_CO_TRY(auto list, std::move(recordings));
    for (const std::string& text : list) {
      BOOST_OUTCOME_CO_TRY(const auto recording, consent::RecordingId::parse(text));
      if (erasing_.has(recording)) {
        co_await afterwards_.drained(recording);  // by somebody else; should that fail, it is on the next list
        continue;
      }
      const std::function<Task<Result<void>>()> erase = [&] {
        return erase_recording(text, consent::ErasedReason::room_deleted);
      };
      auto erased = co_await erase_in_turn(recording, erase);
      BOOST_OUTCOME_CO_TRY(std::move(erased));
    }
    auto removed = co_await services_.in_database([&]() -> Result<bool> {
      // One that was asked for meanwhile would lose its place on the list, and nobody would ever erase it.
      BOOST_OUTCOME_TRY(const auto asked_since, services_.rooms.recordings_in(room));
      if (!asked_since.empty()) return false;
      BOOST_OUTCOME_TRY(services_.ledger.erase_recording(room));
      BOOST_OUTCOME_TRY(services_.rooms.remove_room(room));
      return true;
    });
    co_await close_room(room);  // for whoever came while all this was erased
    BOOST_OUTCOME_CO_TRY(const bool is_removed, std::move(removed));
    if (is_removed) co_return boost::outcome_v2::success();
  }
}

}  // namespace unavoce::server
