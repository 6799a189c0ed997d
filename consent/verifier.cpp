#include "consent/verifier.hpp"

#include <algorithm>
#include <numeric>

#include "consent/receipt.hpp"
#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

ParticipantLine line_of(const Found<Refusal>& refusal, const Findings& findings) {
  ParticipantLine line;
  line.participant = refusal.body().participant.hex();
  line.role = name_of(refusal.body().role);
  line.answer = "refused";
  line.approval = refusal.id().hex();
  line.signature = findings.verdict_for(refusal.id(), {Rule::answers});
  line.proof = findings.verdict_for(refusal.id(), {Rule::ledger, Rule::chain});
  return line;
}

void count_takes(const Found<Approval>& approval, const Evidence& evidence, ParticipantLine& line) {
  for (const Found<Take>& take : evidence.takes) {
    const auto& roster = take.body().approvals;
    if (std::ranges::find(roster, approval.id()) == roster.end()) continue;
    line.takes.push_back(take.body().take);
    const bool by_host = take.statement.signatures > 1;
    if (line.countersigned != Verdict::failed) line.countersigned = by_host ? Verdict::passed : Verdict::failed;
  }
}

void count_files(const Found<Approval>& approval, const Evidence& evidence, ParticipantLine& line) {
  for (const Found<Track>& track : evidence.tracks) {
    if (track.body().approval != approval.id()) continue;
    for (const std::string& name : {track.body().name, tail_name(track.body().name)}) {
      const FileFacts* facts = evidence.file("data/tracks/" + name);
      if (facts == nullptr) continue;
      line.tracks += name == track.body().name ? 1 : 0;
      line.size_bytes += facts->size_bytes;
    }
  }
}

ParticipantLine line_of(const Found<Approval>& approval, const Evidence& evidence, const Findings& findings) {
  ParticipantLine line;
  line.participant = approval.body().participant.hex();
  line.role = name_of(approval.body().role);
  line.answer = evidence.wholly_withdrawn(approval) ? "withdrawn" : "approved";
  line.approval = approval.id().hex();
  for (const std::string_view kind : approval.body().scope.names()) line.scope.emplace_back(kind);
  count_takes(approval, evidence, line);
  count_files(approval, evidence, line);
  line.signature = findings.verdict_for(approval.id(), {Rule::answers, Rule::order, Rule::withdrawals});
  line.proof = findings.verdict_for(approval.id(), {Rule::ledger, Rule::chain, Rule::seen});
  line.files = findings.verdict_for(approval.id(), {Rule::tracks, Rule::seals, Rule::keys});
  line.opens = findings.verdict_for(approval.id(), {Rule::opening});
  return line;
}

void describe(const Evidence& evidence, Report& report) {
  report.entries = evidence.entries;
  if (const Found<Request>* request = evidence.request()) {
    report.recording = request->body().recording.hex();
    report.purpose = request->body().purpose;
  }
  const Found<Room>* room = evidence.room();
  if (room == nullptr && !evidence.rooms.empty()) room = &evidence.rooms.front();
  if (room != nullptr) {
    report.room_title = room->body().title;
    report.fingerprint = room_fingerprint(room->body().signing_key);
  }
}

}  // namespace

bool Report::passed() const {
  return std::ranges::none_of(rules, [](const RuleResult& rule) { return rule.verdict == Verdict::failed; });
}

Report verify_bundle(const Bundle& bundle, const VerifyOptions& options) {
  const auto total = std::accumulate(bundle.files().begin(), bundle.files().end(), std::uint64_t{0},
                                     [](std::uint64_t sum, const BundleFile& file) { return sum + file.size_bytes; });
  Progress progress(options, options.room_identities.empty() ? total : 2 * total);
  Evidence evidence;
  Findings findings;
  verify_bag(bundle, evidence, findings, progress);
  verify_ledger(bundle, evidence, findings);
  verify_statements(evidence, options, findings);
  verify_erasures(evidence, findings);
  verify_seen(bundle, evidence, findings);
  verify_tracks(evidence, findings);
  verify_arrivals(evidence, findings);
  const auto names = verify_opening(bundle, evidence, options, findings, progress);
  verify_summary(bundle, evidence, findings);

  Report report;
  describe(evidence, report);
  for (const Found<Approval>& approval : evidence.approvals) {
    report.participants.push_back(line_of(approval, evidence, findings));
    if (const auto name = names.find(approval.id()); name != names.end())
      report.participants.back().name = name->second;
  }
  for (const Found<Refusal>& refusal : evidence.refusals) report.participants.push_back(line_of(refusal, findings));
  report.people = people_of(evidence, report.participants);
  report.rules = findings.results();
  report.notes = findings.notes();
  return report;
}

}  // namespace unavoce::consent
