// Meetings without a session: what is left to do after a crash, and what time alone brings (retention, expiry).

#include "recorder/recovery.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/evidence.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

/// An exception in one recording's work is that recording's error, no reason to stop with the others.
Task<Result<void>> guarded(Task<Result<void>> work) {
  std::string failure;
  try {
    co_return co_await std::move(work);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  co_return Error(Errc::io, failure);
}

Task<Result<void>> end_of(std::shared_ptr<Meeting> meeting) {
  co_await meeting->end();
  co_return boost::outcome_v2::success();
}

/// An age header, nonce and final chunk need a few hundred bytes: a file of more than that holds media.
constexpr std::uint64_t kMostWithoutMedia = 2048;

bool holds_media(Services& services, const consent::RecordingId& recording, const std::string& file) {
  for (const std::string& name : {file, storage::tail_name(file)}) {
    const auto size = services.blobs.size(recording.hex(), name);
    if (size ? size.value() > kMostWithoutMedia : size.error().code != storage::Errc::not_found) return true;
  }
  return false;
}

/// Files that were being prepared when the process died: no `track` announces them, and no media is in them. Left
/// there, they would be in the way of the same take when it is prepared again. One with media that the ledger does not
/// know is another matter (an old backup of the ledger beside newer files): it stays, and the operator is told.
Task<Result<void>> erase_unannounced(Services& services, consent::RecordingId recording) {
  auto read = co_await services.in_database([&] { return read_evidence(services, recording); });
  BOOST_OUTCOME_CO_TRY(const auto evidence, std::move(read));
  co_return co_await on(services.executors.workers, [&]() -> Result<void> {
    if (!evidence.request) return boost::outcome_v2::success();  // erased in the ledger: all of it goes with the sweep
    const auto listed = services.blobs.list(recording.hex());
    if (!listed && listed.error().code == storage::Errc::not_found) return boost::outcome_v2::success();
    BOOST_OUTCOME_TRY(const auto names, listed);
    for (const std::string& name : names) {
      const std::string file = recorder::main_name(name);
      const auto announces = [&](const auto& track) { return track.body.name == file; };
      if (std::ranges::any_of(evidence.tracks, announces)) continue;
      if (holds_media(services, recording, file)) {
        services.log.error(recording.hex() + "/" + file +
                           " holds media, but the ledger does not know it: is the ledger " +
                           "older than the recordings? It is left where it is");
        continue;
      }
      BOOST_OUTCOME_TRY(services.blobs.erase(recording.hex(), file));
    }
    return boost::outcome_v2::success();
  });
}

/// Why a recording that nobody takes up again is over.
consent::EndReason reason_of_end(consent::TimeMs expires) {
  return expires > wall_time() ? consent::EndReason::interrupted : consent::EndReason::expired;
}

}  // namespace

Task<Result<std::vector<std::string>>> Meetings::every_recording() {
  std::size_t without_room = 0;
  std::string unread;
  auto listed = co_await services_.in_database([&]() -> Result<std::vector<std::string>> {
    BOOST_OUTCOME_TRY(auto recordings, services_.rooms.all_recordings());
    const std::set<std::string> in_rooms(recordings.begin(), recordings.end());
    const auto known = services_.ledger.all_recordings();
    if (!known) {
      unread = known.error().text;
      return recordings;
    }
    for (const std::string& recording : known.value()) {
      if (in_rooms.contains(recording)) continue;
      recordings.push_back(recording);
      ++without_room;
    }
    return recordings;
  });
  // Those of the rooms are enough for now; the next sweep looks for the others again.
  if (!unread.empty()) services_.log.error("which recordings are in no room could not be read: " + unread);
  if (without_room > 0 && !std::exchange(told_without_room_, true)) {
    services_.log.error("recordings of the ledger that are in no room of unavoce.db: " + std::to_string(without_room) +
                        ". No host can fetch or erase them; they go at the end of their retention. If there is an " +
                        "unavoce.db that knows them, stop the service and put it back (unavoce fsck names them)");
  }
  co_return listed;
}

Task<Result<void>> Meetings::recover() {
  auto repaired = co_await on(services_.executors.workers, [&] { return services_.recorder.recover(); });
  if (!repaired) services_.log.error("track files could not be repaired: " + repaired.error().text);
  auto listed = co_await every_recording();
  BOOST_OUTCOME_CO_TRY(auto recordings, std::move(listed));
  for (const std::string& text : recordings) {
    BOOST_OUTCOME_CO_TRY(auto id, consent::RecordingId::parse(text));
    auto recovered = co_await guarded(recover_recording(id));
    if (recovered) continue;
    const Error failed = std::move(recovered).error();
    // What the disk does not give now it may give the next start, which then knows what there is to seal and to remove.
    if (failed.word == "storage") {
      co_return Error(failed.code, "what was left from the last run could not be finished, start again: " + failed.text,
                      failed.word);
    }
    // One damaged recording must not keep the service from serving the others.
    services_.log.error("a recording could not be recovered: " + failed.text);
  }
  seals_.begin();
  co_return boost::outcome_v2::success();
}

Task<Result<bool>> Meetings::finish_erasure(consent::RecordingId recording) {
  std::string text = recording.hex();
  auto looked = co_await services_.in_database([&]() -> Result<std::optional<consent::ErasedReason>> {
    BOOST_OUTCOME_TRY(const auto reason, services_.ledger.erasure_begun(text));
    return reason;
  });
  BOOST_OUTCOME_CO_TRY(const auto reason, std::move(looked));
  if (!reason) co_return false;
  if (erasing_.has(recording)) co_return true;
  const std::function<Task<Result<void>>()> erase = [&] { return erase_recording(text, *reason); };
  const auto erased = co_await erase_in_turn(recording, erase);
  if (erased)
    services_.log.info("a recording whose erasure had been cut off is erased now");
  else
    services_.log.error("a recording could not be erased to the end; the next sweep goes on: " + erased.error().text);
  co_return true;
}

Task<Result<void>> Meetings::recover_recording(consent::RecordingId recording) {
  const auto gone = co_await finish_erasure(recording);
  if (gone && gone.value()) co_return boost::outcome_v2::success();
  if (!gone) services_.log.error("whether a recording is to be erased could not be read: " + gone.error().text);
  // Erasing comes first and does not depend on whether anything can be sealed.
  const std::vector<consent::StatementId> only_what_the_ledger_says;
  auto erased = co_await erase_withdrawn(services_, unproven_, recording, only_what_the_ledger_says);
  if (!erased) {
    services_.log.error("what was withdrawn could not be erased yet: " + erased.error().text);
    unproven_.keep_erasure(recording);
  }
  auto tidied = co_await erase_unannounced(services_, recording);
  auto read = co_await services_.in_database([&] { return read_evidence(services_, recording); });
  BOOST_OUTCOME_CO_TRY(const auto evidence, std::move(read));
  for (const auto& take : evidence.takes) {
    if (std::ranges::count(evidence.sealed_takes, take.body.take) != 0) continue;
    // Nobody waits for that but its own recording: its files may have gigabytes, and all of them are read.
    seals_.owe({recording, take.body.take, consent::EndReason::interrupted});
  }
  if (!tidied && evidence.finished) {
    // Nothing is prepared in it any more: it keeps nobody from being served.
    services_.log.error("a recording could not be tidied: " + tidied.error().text);
    co_return boost::outcome_v2::success();
  }
  if (!tidied || evidence.finished || !evidence.request) co_return tidied;
  const consent::Request& request = evidence.request->body;
  co_return co_await leave_open_or_seal(recording, request);
}

/// Its people may come back to a recording that the last run left open, unless its request has expired, another one was
/// made, or the room has another statement by now. Then it is over: whoever meets in the room would not end it.
Task<Result<void>> Meetings::leave_open_or_seal(consent::RecordingId recording, consent::Request request) {
  const std::string room = request.room.hex();
  auto looked = co_await to_go_on_in(room);
  BOOST_OUTCOME_CO_TRY(const auto goes_on, std::move(looked));
  if (goes_on == recording) {
    left_open_.insert_or_assign(room, LeftOpen{recording, request.expires_ms});
    co_return boost::outcome_v2::success();
  }
  auto known = co_await services_.in_database([&] { return services_.rooms.over(recording); });
  BOOST_OUTCOME_CO_TRY(const auto over, std::move(known));
  seals_.owe({recording, std::nullopt, over.value_or(reason_of_end(request.expires_ms))});
  co_return boost::outcome_v2::success();
}

void Meetings::end_left_open(const std::string& room, const std::optional<consent::RecordingId>& goes_on) {
  const auto found = left_open_.find(room);
  if (found == left_open_.end() || goes_on == found->second.recording) return;
  const LeftOpen left = found->second;
  left_open_.erase(found);
  if (!seals_.is_over(left.recording)) seals_.owe({left.recording, std::nullopt, reason_of_end(left.expires)});
}

/// Meetings that the last one left, and those that were opened for somebody who then could not join.
Task<void> Meetings::sweep_empty_meetings() {
  std::vector<std::pair<std::string, std::shared_ptr<Meeting>>> empty;
  for (const auto& [room, meeting] : meetings_)
    if (meeting->nobody_is_here()) empty.emplace_back(room, meeting);
  for (const auto& [room, meeting] : empty) {
    const auto ended = co_await guarded(end_of(meeting));
    if (!ended) services_.log.error("a meeting that everybody left could not be ended: " + ended.error().text);
    const auto still = meetings_.find(room);
    if (still != meetings_.end() && still->second == meeting && meeting->nobody_is_here()) meetings_.erase(still);
  }
}

Task<void> Meetings::sweep() {
  co_await sweep_empty_meetings();
  auto listed = co_await every_recording();
  if (!listed) {
    services_.log.error("retention could not be applied: " + listed.error().text);
    co_return;
  }
  for (const std::string& text : listed.value()) {
    const auto id = consent::RecordingId::parse(text);
    if (!id || meeting_about(id.value())) continue;
    const auto swept = co_await guarded(sweep_recording(id.value()));
    if (!swept) services_.log.error("retention could not be applied: " + swept.error().text);
  }
}

/// A recording on the list that the ledger has no request of: erased, and the process died before it was off the list;
/// or its request was never written. If there are files of it nevertheless, the ledger is the one that is wrong (an old
/// backup beside newer files, or none): then nothing is removed.
Task<Result<void>> Meetings::sweep_unknown(std::string recording) {
  auto looked = co_await services_.in_database([&] { return services_.ledger.was_erased(recording); });
  BOOST_OUTCOME_CO_TRY(const bool erased, std::move(looked));
  if (erased) co_return co_await erase_recording(recording, consent::ErasedReason::retention);
  const auto listed = co_await on(services_.executors.workers, [&] { return services_.blobs.list(recording); });
  if (!listed && listed.error().code != storage::Errc::not_found) co_return Error(listed.error());
  if (listed && !listed.value().empty()) {
    co_return Error(Errc::conflict, "there are files of the recording " + recording +
                                        ", which the ledger does not know: is the ledger older than the recordings? "
                                        "They are left where they are");
  }
  co_return co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(const auto entries, services_.ledger.entries(recording));
    if (!entries.empty()) return boost::outcome_v2::success();  // asked for after all, since
    return services_.rooms.remove_recording(recording);
  });
}

Task<Result<void>> Meetings::sweep_recording(consent::RecordingId recording) {
  auto gone = co_await finish_erasure(recording);
  BOOST_OUTCOME_CO_TRY(const bool is_gone, std::move(gone));
  if (is_gone) co_return boost::outcome_v2::success();
  auto read = co_await services_.in_database([&] { return read_evidence(services_, recording); });
  BOOST_OUTCOME_CO_TRY(auto evidence, std::move(read));
  if (!evidence.request) co_return co_await sweep_unknown(recording.hex());
  const auto now = wall_time();
  if (evidence.request->body.delete_after_ms <= now) {
    if (erasing_.has(recording)) co_return boost::outcome_v2::success();
    const std::function<Task<Result<void>>()> erase = [&] {
      return erase_recording(recording.hex(), consent::ErasedReason::retention);
    };
    co_return co_await erase_in_turn(recording, erase);
  }
  // Whoever meets in the room may have replaced it while its last take is still being ended: that meeting seals it.
  // What they could not take up when they came has its seal, or is owed it (end_left_open).
  if (evidence.finished || meetings_.contains(evidence.request->body.room.hex()))
    co_return boost::outcome_v2::success();
  seals_.owe({recording, std::nullopt, reason_of_end(evidence.request->body.expires_ms)});
  co_return boost::outcome_v2::success();
}

}  // namespace unavoce::server
