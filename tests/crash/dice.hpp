// Random choices that a seed repeats. (What the processes and the network do between them, it does not.)
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace unavoce::crash {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  bool one_in(std::size_t sides) { return below(sides) == 0; }
  template <class T>
  T& one_of(std::vector<T>& list) {
    return list.at(below(list.size()));
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), engine_);
  }
  /// Anywhere in this span.
  std::chrono::microseconds anywhere_in(std::chrono::microseconds span) {
    return std::chrono::microseconds(below(static_cast<std::size_t>(span.count()) + 1));
  }
  /// Somewhere in this span; half of the time in its first tenth, where most of an order's steps are.
  std::chrono::microseconds within(std::chrono::microseconds span) { return anywhere_in(one_in(2) ? span / 10 : span); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace unavoce::crash
