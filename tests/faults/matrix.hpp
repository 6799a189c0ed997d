// Every fault that a script offers, played and held to what each play has to be: met, told or logged, and without a
// complaint. What need not be: allowances.cpp.
//
// Owner: the test, one per script and process. Thread: the test's; plays four scripts at once, which mostly wait.
// Errors: failed checks of the test.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fault.hpp"

namespace unavoce::faults {

class Matrix {
 public:
  /// Plays a good day.
  explicit Matrix(PlayScript play) : play_(std::move(play)), good_day_(play_(std::nullopt)) {}

  /// What the script without a fault comes by.
  const Played& good_day() const { return good_day_; }
  /// Plays and checks what this run takes of all faults in these phases.
  void check(const std::set<std::string>& phases) const;

 private:
  struct Result {
    Fault fault;
    Played played;
  };

  std::vector<Fault> all_faults() const;
  std::vector<Fault> chosen_in(const std::set<std::string>& phases) const;
  Played play_until_met(Fault fault) const;
  std::vector<Result> play_all(const std::vector<Fault>& faults) const;
  static void check_one(const Result& result);

  const PlayScript play_;
  const Played good_day_;
};

}  // namespace unavoce::faults
