// What the verifier counts as withdrawn beside what the rules of the service do: they are written twice, so that no
// mistake excuses itself, and where they differ an honest recording fails for ever.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <span>

#include "consent/rules.hpp"
#include "consent/verifier_evidence.hpp"
#include "people.hpp"

using namespace unavoce::consent;
using test::id_of_number;
using test::key_of;

namespace {

constexpr std::uint64_t kStatements = 12;

/// The approvals and withdrawals of one recording, as each of the two reads them.
struct Rows {
  Evidence evidence;
  std::vector<ApprovalRow> approvals;
  std::vector<WithdrawalRow> withdrawals;

  void approve(std::uint64_t place, std::size_t key, Scope scope) {
    const auto id = id_of_number<StatementId>(place + 1);
    const Approval body{id_of_number<StatementId>(1000),
                        id_of_number<RecordingId>(1),
                        test::person(key),
                        Role::participant,
                        key_of(key),
                        scope,
                        std::nullopt,
                        std::nullopt,
                        std::string(),
                        std::string(),
                        std::nullopt,
                        std::nullopt,
                        std::nullopt,
                        TimeMs{},
                        TimeMs{}};
    const Signed<Approval> statement{body, id, std::string(), 1, {key_of(key)}};
    evidence.approvals.push_back(Found<Approval>{statement, std::string(), place, place, TimeMs{}});
    approvals.push_back({id, key_of(key), scope, place});
  }

  void withdraw(std::uint64_t place, std::size_t key, Scope kinds) {
    const Withdrawal body{id_of_number<RecordingId>(1), key_of(key), kinds, false, TimeMs{}};
    const Signed<Withdrawal> statement{body, id_of_number<StatementId>(place + 1), std::string(), 1, {key_of(key)}};
    evidence.withdrawals.push_back(Found<Withdrawal>{statement, std::string(), place, place, TimeMs{}});
    withdrawals.push_back({key_of(key), kinds, place});
  }

  /// Those before a place, which are all that both may look at.
  std::span<const WithdrawalRow> withdrawals_before(std::uint64_t place) const {
    const auto count = std::ranges::count_if(withdrawals, [&](const auto& row) { return row.sequence < place; });
    return std::span(withdrawals).first(static_cast<std::size_t>(count));
  }
};

Scope some_kinds(std::mt19937_64& random) {
  Scope kinds;
  for (const Kind kind : kAllKinds)
    if (random() % 2 == 0) kinds = kinds.with({kind});
  return kinds;
}

/// Three keys approve, often nothing, and take back, often everything at once.
Rows random_rows(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  for (std::uint64_t place = 0; place < kStatements; ++place) {
    const std::size_t key = random() % 3;
    if (random() % 2 == 0) {
      rows.approve(place, key, random() % 3 == 0 ? Scope{} : some_kinds(random));
    } else {
      const Kind one = kAllKinds[random() % kAllKinds.size()];
      rows.withdraw(place, key, random() % 4 == 0 ? Scope::all() : some_kinds(random).with({one}));
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("the verifier and the rules say the same of what is left of any approval at any moment") {
  std::size_t nothing_taken_in_parts = 0;
  std::size_t ended_by_an_earlier_one = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Rows rows = random_rows(seed);
    for (std::size_t i = 0; i < rows.approvals.size(); ++i) {
      const Found<Approval>& approval = rows.evidence.approvals[i];
      for (std::uint64_t before = 0; before <= kStatements; ++before) {
        CAPTURE(seed, i, before);
        const std::optional<Scope> left = left_of(rows.approvals[i], rows.withdrawals_before(before));
        const Scope taken = rows.evidence.withdrawn_from(approval, before);
        REQUIRE(rows.evidence.wholly_withdrawn(approval, before) == !left.has_value());
        if (left) REQUIRE(approval.body().scope.without(taken) == *left);
        if (left && approval.body().scope.empty() && taken == Scope::all()) ++nothing_taken_in_parts;
        if (!left && before <= approval.index) ++ended_by_an_earlier_one;
      }
    }
  }
  // The ways in which they could differ were among them.
  CHECK(nothing_taken_in_parts > 0);
  CHECK(ended_by_an_earlier_one > 0);
}
