#pragma once
// Token buckets by key, against guessing of passwords, mass registration, and floods in a meeting. Owned and used by
// the control thread; time is passed in.

#include <chrono>
#include <map>
#include <string>

#include "server/error.hpp"

namespace unavoce::server {

class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// At most `burst` at once, then one per `refill`.
  RateLimit(unsigned burst, std::chrono::microseconds refill) : burst_(burst), refill_(refill) {}

  /// Takes one token of `key`, or `tokens`, or answers Errc::rate_limited.
  Result<void> take(const std::string& key, Time now, unsigned tokens = 1);
  /// Gives everything back, e.g. after a login that succeeded.
  void forget(const std::string& key) { full_at_.erase(key); }

 private:
  unsigned burst_;
  std::chrono::microseconds refill_;
  std::map<std::string, Time> full_at_;  // when the key's bucket will be full again (GCRA): one value per key is enough
};

}  // namespace unavoce::server
