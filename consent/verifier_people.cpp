// The report's lines for people: everything of one key in one line, its answers and withdrawals in the ledger's order.
#include <algorithm>
#include <map>

#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

/// `audio+video`; `nothing` of an empty scope.
std::string words(const Scope& scope) {
  std::string text;
  for (const std::string_view kind : scope.names()) text += (text.empty() ? "" : "+") + std::string(kind);
  return text.empty() ? "nothing" : text;
}

/// One failure is enough; what was not looked at says nothing.
Verdict both(Verdict one, Verdict other) {
  if (one == Verdict::failed || other == Verdict::failed) return Verdict::failed;
  return one == Verdict::passed ? one : other;
}

void add(PersonLine& person, const ParticipantLine& answer) {
  if (!answer.name.empty()) person.name = answer.name;
  for (const std::uint32_t take : answer.takes) {
    const auto place = std::ranges::lower_bound(person.takes, take);
    if (place == person.takes.end() || *place != take) person.takes.insert(place, take);
  }
  person.tracks += answer.tracks;
  person.size_bytes += answer.size_bytes;
  person.signature = both(person.signature, answer.signature);
  person.proof = both(person.proof, answer.proof);
  person.files = both(person.files, answer.files);
  person.countersigned = both(person.countersigned, answer.countersigned);
  person.opens = both(person.opens, answer.opens);
}

}  // namespace

std::vector<PersonLine> people_of(const Evidence& evidence, const std::vector<ParticipantLine>& answers) {
  struct Said {
    std::uint64_t index;
    crypto::PublicKey key;
    std::string word;
    const Found<Approval>* approval;  // null: another kind of statement
    const ParticipantLine* line;      // null: a withdrawal
  };
  const auto line_of = [&](const StatementId& id) {
    const auto found = std::ranges::find(answers, id.hex(), &ParticipantLine::approval);
    return found == answers.end() ? nullptr : &*found;
  };
  std::vector<Said> said;
  for (const auto& approval : evidence.approvals)
    said.push_back({approval.index, approval.body().key, "approved " + words(approval.body().scope), &approval,
                    line_of(approval.id())});
  for (const auto& refusal : evidence.refusals)
    said.push_back({refusal.index, refusal.body().key, "refused", nullptr, line_of(refusal.id())});
  for (const auto& withdrawal : evidence.withdrawals) {
    const bool all = withdrawal.body().kinds == Scope::all();
    said.push_back({withdrawal.index, withdrawal.body().key,
                    "took back " + (all ? std::string("all") : words(withdrawal.body().kinds)), nullptr, nullptr});
  }
  std::ranges::stable_sort(said, {}, &Said::index);

  std::map<crypto::PublicKey, std::size_t> places;
  std::vector<PersonLine> people;
  for (const Said& one : said) {
    if (one.line == nullptr) continue;
    if (!places.try_emplace(one.key, people.size()).second) continue;
    PersonLine& person = people.emplace_back();
    person.participant = one.line->participant;
    person.role = one.line->role;
  }
  for (const Said& one : said) {
    const auto place = places.find(one.key);
    if (place == places.end()) continue;  // who never answered is nobody of this recording
    PersonLine& person = people[place->second];
    person.said.push_back(one.word);
    if (one.line != nullptr) add(person, *one.line);
    if (one.approval != nullptr) {
      const Scope left =
          one.approval->body().scope.without(evidence.withdrawn_from(*one.approval, Evidence::kAtTheEnd));
      person.stands = evidence.wholly_withdrawn(*one.approval) ? "-" : words(left);
    } else if (one.line != nullptr) {
      person.stands = "-";  // a refusal overrules what was approved before
    }
  }
  return people;
}

}  // namespace unavoce::consent
