// What the verifier's steps share: the evidence read out of a bundle, and the findings against it. Private to
// verifier*.cpp. The steps run in this order: bag → ledger → statements → erasures → seen → tracks → arrivals →
// opening → summary (each one file). One thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consent/bundle.hpp"
#include "consent/checkpoint.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/statements.hpp"
#include "consent/verifier.hpp"
#include "crypto/age_header.hpp"
#include "crypto/note.hpp"

namespace unavoce::consent {

/// The rules, in the order of the report. Words and titles: verifier_findings.cpp.
enum class Rule : std::uint8_t {
  bag,
  ledger,
  chain,
  room,
  request,
  answers,
  takes,
  order,
  seen,
  tracks,
  seals,
  withdrawals,
  keys,
  opening,
};
inline constexpr std::size_t kRuleCount = 14;

/// Collects findings; remembers which approvals they are about, for the participants' lines.
class Findings {
 public:
  /// A rule that was looked at passes unless something speaks against it. A step calls this only where there was
  /// something to look at: nothing is no evidence.
  void checked(Rule rule);
  void against(Rule rule, std::string finding);
  void against(Rule rule, const StatementId& approval, std::string finding);
  void note(std::string text) { notes_.push_back(std::move(text)); }

  /// How the rules came out for one approval.
  Verdict verdict_for(const StatementId& approval, std::initializer_list<Rule> rules) const;
  std::vector<RuleResult> results() const;
  std::vector<std::string> notes() const { return notes_; }

 private:
  std::array<RuleResult, kRuleCount> rules_;
  std::set<std::pair<Rule, StatementId>> about_;
  std::vector<std::string> notes_;
};

/// A file as it really is, whatever the manifests say.
struct FileFacts {
  std::uint64_t size_bytes = 0;
  crypto::Digest sha256{};
  crypto::Bytes start;  ///< track files: enough for an age header
};

/// A statement with its place in the ledger.
template <class S>
struct Found {
  Signed<S> statement;
  std::string path;
  std::uint64_t index = 0;
  std::uint64_t sequence = 0;
  TimeMs received{};

  const S& body() const { return statement.body; }
  const StatementId& id() const { return statement.id; }
};

struct Evidence {
  std::map<std::string, FileFacts, std::less<>> files;

  std::optional<crypto::NoteVerifier> ledger_key;
  std::optional<Checkpoint> checkpoint;  ///< data/checkpoint, if that key signed it
  std::uint64_t entries = 0;             ///< of the recording

  std::vector<Found<Room>> rooms;  ///< by version
  std::vector<Found<Request>> requests;
  std::vector<Found<Approval>> approvals;
  std::vector<Found<Refusal>> refusals;
  std::vector<Found<Withdrawal>> withdrawals;
  std::vector<Found<Take>> takes;
  std::vector<Found<Track>> tracks;
  std::vector<Found<Seal>> seals;
  std::vector<Found<Erased>> erased;

  /// The request, and the room statement it was made under; null when missing.
  const Found<Request>* request() const { return requests.empty() ? nullptr : &requests.front(); }
  const Found<Room>* room() const;
  const Found<Approval>* approval(const StatementId& id) const;
  const Found<Take>* take(std::uint32_t number) const;
  const FileFacts* file(std::string_view path) const;
  /// Whether an `erased` statement names it (a track name, or `wrapped:<id>`).
  bool was_erased(std::string_view what) const;
  /// What withdrawals before this place in the ledger took from an approval: one of all kinds wherever it came, one of
  /// some kinds only if it came after the approval (docs/FORMATS.md section 2).
  Scope withdrawn_from(const Found<Approval>& approval, std::uint64_t before_index) const;
  /// Nothing is left of it. Who granted nothing has withdrawn only by one withdrawal of everything, wherever it came:
  /// several that add up to it take nothing from them.
  bool wholly_withdrawn(const Found<Approval>& approval, std::uint64_t before_index = kAtTheEnd) const;
  static constexpr std::uint64_t kAtTheEnd = std::numeric_limits<std::uint64_t>::max();
};

/// Bytes read so far, for the progress callback.
class Progress {
 public:
  Progress(const VerifyOptions& options, std::uint64_t total_bytes) : options_(options), total_(total_bytes) {}
  void add(std::uint64_t bytes) {
    done_ += bytes;
    if (options_.progress) options_.progress(done_, total_);
  }

 private:
  const VerifyOptions& options_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

/// The steps. Each adds to evidence and findings and never stops at the first failure.
void verify_bag(const Bundle& bundle, Evidence& evidence, Findings& findings, Progress& progress);
void verify_ledger(const Bundle& bundle, Evidence& evidence, Findings& findings);
void verify_statements(const Evidence& evidence, const VerifyOptions& options, Findings& findings);
/// What `erased` statements name; the rest of the rule `withdrawals`.
void verify_erasures(const Evidence& evidence, Findings& findings);
void verify_seen(const Bundle& bundle, const Evidence& evidence, Findings& findings);
void verify_tracks(const Evidence& evidence, Findings& findings);
void verify_arrivals(const Evidence& evidence, Findings& findings);
/// Gives the names found in the wrapped keys, by approval.
std::map<StatementId, std::string> verify_opening(const Bundle& bundle, const Evidence& evidence,
                                                  const VerifyOptions& options, Findings& findings, Progress& progress);

/// The report's lines per person, summed up from those per answer.
std::vector<PersonLine> people_of(const Evidence& evidence, const std::vector<ParticipantLine>& answers);

/// The page for people says what the statements say.
void verify_summary(const Bundle& bundle, const Evidence& evidence, Findings& findings);

/// `t001-….webm.age` → `t001-….webm.tail.age` and back; empty when `name` is no such name.
std::string tail_name(std::string_view main_name);
std::string main_name_of_tail(std::string_view name);

/// 12 digits are enough to find it.
std::string short_id(const StatementId& id);

}  // namespace unavoce::consent
