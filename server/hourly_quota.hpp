#pragma once
// How many of something one address may have made within any hour: what stays, unlike attempts (rate_limit.hpp). Owned
// and used by the control thread; time is passed in.

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace unavoce::server {

class HourlyQuota {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit HourlyQuota(unsigned limit) : limit_(limit) {}

  /// Counts one for `key`; or, if it has had its share, says after how long there is one more.
  std::optional<std::chrono::seconds> take(const std::string& key, Time now);
  /// The newest one was not made after all.
  void give_back(const std::string& key);

 private:
  unsigned limit_;
  std::map<std::string, std::deque<Time>> taken_;  // the oldest first
};

}  // namespace unavoce::server
