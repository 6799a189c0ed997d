#include <algorithm>

#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

struct RuleWords {
  std::string_view rule;
  std::string_view title;
};

constexpr std::array<RuleWords, kRuleCount> kWords{{
    {"bag", "every file of the bag is there and unchanged"},
    {"ledger", "every statement is in the ledger's signed tree"},
    {"chain", "no statement of the recording is missing in between"},
    {"room", "the room statements are signed by one room key"},
    {"request", "the request is signed by a host of the room"},
    {"answers", "every answer is signed and fits the request"},
    {"takes", "every take names its roster, signed by the service and a host"},
    {"order", "everybody in a take had approved before it began, and still did when it ended"},
    {"seen", "the ledger begins with what is named as seen of it"},
    {"tracks", "every track belongs to an approval of its take"},
    {"seals", "every take is sealed and every track as it was sealed"},
    {"withdrawals", "nothing of a withdrawn approval was recorded or kept"},
    {"keys", "the wrapped consent keys are the ones approved"},
    {"opening", "every wrapped key and every track opens"},
}};

}  // namespace

void Findings::checked(Rule rule) {
  RuleResult& result = rules_[static_cast<std::size_t>(rule)];
  if (result.verdict == Verdict::not_checked) result.verdict = Verdict::passed;
}

void Findings::against(Rule rule, std::string finding) {
  RuleResult& result = rules_[static_cast<std::size_t>(rule)];
  result.verdict = Verdict::failed;
  result.findings.push_back(std::move(finding));
}

void Findings::against(Rule rule, const StatementId& approval, std::string finding) {
  about_.emplace(rule, approval);
  against(rule, std::move(finding));
}

Verdict Findings::verdict_for(const StatementId& approval, std::initializer_list<Rule> rules) const {
  Verdict verdict = Verdict::not_checked;
  for (const Rule rule : rules) {
    if (about_.contains({rule, approval})) return Verdict::failed;
    if (rules_[static_cast<std::size_t>(rule)].verdict != Verdict::not_checked) verdict = Verdict::passed;
  }
  return verdict;
}

std::vector<RuleResult> Findings::results() const {
  std::vector<RuleResult> results(rules_.begin(), rules_.end());
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].rule = kWords[i].rule;
    results[i].title = kWords[i].title;
  }
  return results;
}

const Found<Room>* Evidence::room() const {
  if (requests.empty()) return nullptr;
  const auto found = std::ranges::find(rooms, requests.front().body().room_statement, &Found<Room>::id);
  return found == rooms.end() ? nullptr : &*found;
}

const Found<Approval>* Evidence::approval(const StatementId& id) const {
  const auto found = std::ranges::find(approvals, id, &Found<Approval>::id);
  return found == approvals.end() ? nullptr : &*found;
}

const Found<Take>* Evidence::take(std::uint32_t number) const {
  const auto found = std::ranges::find_if(takes, [&](const Found<Take>& take) { return take.body().take == number; });
  return found == takes.end() ? nullptr : &*found;
}

const FileFacts* Evidence::file(std::string_view path) const {
  const auto found = files.find(path);
  return found == files.end() ? nullptr : &found->second;
}

bool Evidence::was_erased(std::string_view what) const {
  return std::ranges::any_of(erased, [&](const Found<Erased>& statement) {
    return std::ranges::find(statement.body().what, what) != statement.body().what.end();
  });
}

Scope Evidence::withdrawn_from(const Found<Approval>& approval, std::uint64_t before_index) const {
  Scope taken;
  for (const Found<Withdrawal>& withdrawal : withdrawals) {
    if (withdrawal.body().key != approval.body().key || withdrawal.index >= before_index) continue;
    const bool covers = withdrawal.body().kinds == Scope::all() || withdrawal.index > approval.index;
    if (covers) taken = taken.with(withdrawal.body().kinds);
  }
  return taken;
}

bool Evidence::wholly_withdrawn(const Found<Approval>& approval, std::uint64_t before_index) const {
  const Scope& granted = approval.body().scope;
  if (!granted.empty()) return granted.subset_of(withdrawn_from(approval, before_index));
  return std::ranges::any_of(withdrawals, [&](const Found<Withdrawal>& withdrawal) {
    return withdrawal.body().key == approval.body().key && withdrawal.index < before_index &&
           withdrawal.body().kinds == Scope::all();
  });
}

std::string tail_name(std::string_view main_name) {
  if (!main_name.ends_with(".age")) return {};
  return std::string(main_name.substr(0, main_name.size() - 4)) + ".tail.age";
}

std::string main_name_of_tail(std::string_view name) {
  if (!name.ends_with(".tail.age")) return {};
  return std::string(name.substr(0, name.size() - 9)) + ".age";
}

std::string short_id(const StatementId& id) {
  return id.hex().substr(0, 12);
}

}  // namespace unavoce::consent
