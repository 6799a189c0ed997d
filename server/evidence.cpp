#include "server/evidence.hpp"

#include <algorithm>

#include "server/clock.hpp"

namespace unavoce::server {

static_assert(recorder::kMaxFilesOfTake <= consent::kMaxTracksOfTake);

namespace {

/// Everybody who reads a recording reads all of its approvals. A meeting has six people, and each of them has fresh
/// keys for nothing, so that no limit by key holds by itself.
constexpr std::uint64_t kMaxApprovals = 1000;
/// So that nobody uses these up before a host has them leave, and keeps nobody waiting for longer than a minute then.
constexpr std::uint64_t kMaxApprovalsOfMinute = 60;
/// The same for refusals by those who have not approved. Of the others there are no more than approvals.
constexpr std::uint64_t kMaxRefusals = 1000;
constexpr consent::SpanMs kMinute{60'000};

/// Refusals are counted only of those who have not approved (check_takes_refusals): what closes the gate or takes something back always finds its place.
Result<void> check_takes_approvals(Services& services, const std::string& recording) {
  const auto now = wall_time();
  BOOST_OUTCOME_TRY(const auto all, services.ledger.count(recording, "approval"));
  if (all >= kMaxApprovals) {
    return Error(Errc::conflict,
                 "a recording takes at most " + std::to_string(kMaxApprovals) +
                     " approvals; its host asks again, and approvals go to the new recording",
                 "too_many_approvals");
  }
  BOOST_OUTCOME_TRY(const auto lately, services.ledger.count(recording, "approval", now - kMinute, now));
  if (lately < kMaxApprovalsOfMinute) return boost::outcome_v2::success();
  return Error(Errc::rate_limited, "this recording was approved very often within a minute; approve again in a minute",
               "too_many_answers");
}

/// Rooms and recordings have chains of their own: a room's holds room statements only, a recording's begins with its
/// one request. So nobody can write into somebody else's by naming its id.
Result<void> check_chain(Services& services, const consent::NewEntry& fresh) {
  BOOST_OUTCOME_TRY(const auto before, services.ledger.find(fresh.id));
  if (before) return boost::outcome_v2::success();  // sent again; the ledger compares
  BOOST_OUTCOME_TRY(const auto first, services.ledger.first_kind(fresh.recording));
  // What was erased as a whole stays so: nothing comes into the place of its statements.
  if (first == "erased" && fresh.kind != "request") {
    return Error(Errc::gone, "the whole recording was erased; GET its /erasure says when");
  }
  const bool holds_rooms = first == "room";
  const bool fits = fresh.kind == "room"      ? !first || holds_rooms
                    : fresh.kind == "request" ? !first
                                              : first && !holds_rooms;
  if (fits && fresh.kind == "approval") return check_takes_approvals(services, fresh.recording);
  if (fits) return boost::outcome_v2::success();
  if (!first) return Error(Errc::not_found, "there is no such recording", "unknown_reference");
  return Error(Errc::conflict, "this id is taken by another room or recording; make a fresh one", "id_taken");
}

}  // namespace

Result<void> check_takes_refusals(Services& services, const consent::RecordingId& recording) {
  const auto now = wall_time();
  BOOST_OUTCOME_TRY(const auto all, services.ledger.count(recording.hex(), "refusal"));
  BOOST_OUTCOME_TRY(const auto lately, services.ledger.count(recording.hex(), "refusal", now - kMinute, now));
  if (all < kMaxRefusals && lately < kMaxApprovalsOfMinute) return boost::outcome_v2::success();
  return Error(Errc::rate_limited,
               "your refusal is in effect; it is not kept, because this recording was refused very often",
               "refusal_not_kept");
}

Result<std::vector<consent::Entry>> append(Services& services, std::span<const consent::NewEntry> entries) {
  for (const auto& entry : entries) {
    BOOST_OUTCOME_TRY(check_chain(services, entry));
  }
  BOOST_OUTCOME_TRY(auto appended, services.ledger.append(entries, wall_time()));
  return appended;
}

consent::SealedTrack sealed_track(const recorder::SealedTrackFile& file) {
  return {file.name,
          file.approval,
          file.file,
          file.header_sha256,
          file.size_bytes,
          file.sha256,
          file.empty,
          file.codecs,
          file.duration_ms,
          file.first_ms,
          file.last_ms,
          file.offset_ms,
          file.last_arrival_ms,
          file.frames_audio,
          file.frames_video,
          file.dropped};
}

Result<void> append_take_seal(Services& services, const consent::RecordingId& recording, std::uint32_t take,
                              consent::EndReason reason, const std::vector<recorder::SealedTrackFile>& files) {
  consent::Seal seal{recording, take, reason, {}, std::nullopt, services.service_key.public_key(), wall_time()};
  for (const auto& file : files) seal.tracks.push_back(sealed_track(file));
  BOOST_OUTCOME_TRY(auto sealed, sign_as_service(services, std::move(seal)));
  const auto entry = consent::new_entry(sealed);
  BOOST_OUTCOME_TRY(append(services, {&entry, 1}));
  return boost::outcome_v2::success();
}

Result<std::vector<recorder::SealedTrackFile>> files_of(Services& services, const consent::RecordingId& recording,
                                                        std::uint32_t take) {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, recording));
  std::vector<recorder::SealedTrackFile> files;
  for (const auto& track : evidence.tracks) {
    if (track.body.take != take) continue;
    if (std::ranges::count(evidence.erased, track.body.name) != 0) continue;
    recorder::SealedTrackFile file;
    file.name = track.body.name;
    file.approval = track.body.approval;
    file.file = track.body.file;
    file.header_sha256 = track.body.header_sha256;
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::vector<std::uint32_t>> unsealed_takes(Services& services, const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, recording));
  std::vector<std::uint32_t> unsealed;
  for (const auto& take : evidence.takes)
    if (std::ranges::count(evidence.sealed_takes, take.body.take) == 0) unsealed.push_back(take.body.take);
  return unsealed;
}

Result<void> append_final_seal(Services& services, const consent::RecordingId& recording, consent::EndReason reason) {
  BOOST_OUTCOME_TRY(auto entries, services.ledger.entries(recording.hex()));
  consent::Seal seal{recording,  std::nullopt, reason, {}, entries.size() + 1, services.service_key.public_key(),
                     wall_time()};
  BOOST_OUTCOME_TRY(auto sealed, sign_as_service(services, std::move(seal)));
  const auto entry = consent::new_entry(sealed);
  BOOST_OUTCOME_TRY(append(services, {&entry, 1}));
  return boost::outcome_v2::success();
}

namespace {

Result<void> add_to(Evidence& evidence, Services& services, const consent::Entry& entry) {
  if (entry.kind == "request") {
    BOOST_OUTCOME_TRY(auto request, consent::parse_statement<consent::Request>(entry.envelope));
    BOOST_OUTCOME_TRY(auto room_entry, services.ledger.find(request.body.room_statement));
    if (!room_entry) return Error(Errc::not_found, "the room statement of a request is missing; check the ledger");
    BOOST_OUTCOME_TRY(auto room, consent::parse_statement<consent::Room>(room_entry->envelope));
    evidence.extent = room.body.withdrawal_erases;
    evidence.request.emplace(std::move(request));
  } else if (entry.kind == "approval") {
    BOOST_OUTCOME_TRY(auto approval, consent::parse_statement<consent::Approval>(entry.envelope));
    evidence.approval_rows.push_back({approval.id, approval.body.key, approval.body.scope, entry.sequence});
    evidence.approvals.push_back(std::move(approval));
  } else if (entry.kind == "withdrawal") {
    BOOST_OUTCOME_TRY(auto withdrawal, consent::parse_statement<consent::Withdrawal>(entry.envelope));
    evidence.withdrawal_ids.push_back(withdrawal.id);
    evidence.withdrawal_rows.push_back({withdrawal.body.key, withdrawal.body.kinds, entry.sequence});
  } else if (entry.kind == "take") {
    BOOST_OUTCOME_TRY(auto take, consent::parse_statement<consent::Take>(entry.envelope));
    evidence.takes.push_back(std::move(take));
  } else if (entry.kind == "track") {
    BOOST_OUTCOME_TRY(auto track, consent::parse_statement<consent::Track>(entry.envelope));
    evidence.tracks.push_back(std::move(track));
  } else if (entry.kind == "seal") {
    BOOST_OUTCOME_TRY(auto seal, consent::parse_statement<consent::Seal>(entry.envelope));
    if (seal.body.take) evidence.sealed_takes.push_back(*seal.body.take);
    for (const auto& file : seal.body.tracks) evidence.sealed_files.push_back(file.name);
    if (!seal.body.take) evidence.finished = true;
  } else if (entry.kind == "erased") {
    BOOST_OUTCOME_TRY(auto erased, consent::parse_statement<consent::Erased>(entry.envelope));
    evidence.erased.insert(evidence.erased.end(), erased.body.what.begin(), erased.body.what.end());
  }
  return boost::outcome_v2::success();
}

}  // namespace

namespace {

/// What people said in a recording, as far as a take depends on it.
struct Answers {
  std::vector<consent::AnswerRow> answers;  ///< approvals and refusals
  std::vector<consent::ApprovalRow> approvals;
  std::vector<consent::WithdrawalRow> withdrawals;
  consent::Scope minimum;
  bool has_room_changed = false;
  bool is_over = false;
};

/// Only what it needs is read: it runs while everybody waits for the gate.
Result<Answers> read_answers(consent::Ledger& ledger, const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(const auto entries, ledger.entries(recording.hex()));
  Answers said;
  for (const auto& entry : entries) {
    if (entry.kind == "request") {
      BOOST_OUTCOME_TRY(const auto request, consent::parse_statement<consent::Request>(entry.envelope));
      BOOST_OUTCOME_TRY(const auto room, ledger.latest_room(request.body.room));
      said.minimum = request.body.minimum_scope;
      said.has_room_changed = !room || room->id != request.body.room_statement;
    } else if (entry.kind == "approval") {
      BOOST_OUTCOME_TRY(const auto approval, consent::parse_statement<consent::Approval>(entry.envelope));
      said.answers.push_back({approval.id, approval.body.key, entry.sequence});
      said.approvals.push_back({approval.id, approval.body.key, approval.body.scope, entry.sequence});
    } else if (entry.kind == "refusal") {
      BOOST_OUTCOME_TRY(const auto refusal, consent::parse_statement<consent::Refusal>(entry.envelope));
      said.answers.push_back({refusal.id, refusal.body.key, entry.sequence});
    } else if (entry.kind == "withdrawal") {
      BOOST_OUTCOME_TRY(const auto withdrawal, consent::parse_statement<consent::Withdrawal>(entry.envelope));
      said.withdrawals.push_back({withdrawal.body.key, withdrawal.body.kinds, entry.sequence});
    } else if (entry.kind == "seal") {
      BOOST_OUTCOME_TRY(const auto seal, consent::parse_statement<consent::Seal>(entry.envelope));
      if (!seal.body.take) said.is_over = true;
    }
  }
  return said;
}

}  // namespace

Result<bool> is_overruled(consent::Ledger& ledger, const consent::Take& take,
                          const std::vector<recorder::PreparedTrack>& files) {
  BOOST_OUTCOME_TRY(const auto said, read_answers(ledger, take.recording));
  if (said.is_over || said.has_room_changed || consent::is_overruled(take.approvals, said.answers)) return true;
  for (const auto& approval : said.approvals) {
    if (std::ranges::count(take.approvals, approval.id) == 0) continue;
    const auto left = consent::left_of(approval, said.withdrawals);
    if (!left || !said.minimum.subset_of(*left)) return true;
    for (const auto& file : files)
      if (file.approval == approval.id && !file.kinds.subset_of(*left)) return true;
  }
  return false;
}

Result<Evidence> read_evidence(Services& services, const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(auto entries, services.ledger.entries(recording.hex()));
  Evidence evidence;
  for (const auto& entry : entries) {
    BOOST_OUTCOME_TRY(add_to(evidence, services, entry));
  }
  return evidence;
}

}  // namespace unavoce::server
