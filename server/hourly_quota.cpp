#include "server/hourly_quota.hpp"

namespace unavoce::server {
namespace {

constexpr std::chrono::hours kHour{1};
constexpr std::size_t kSweepAbove = 10'000;  // keys; those that say nothing any more are forgotten

}  // namespace

std::optional<std::chrono::seconds> HourlyQuota::take(const std::string& key, Time now) {
  if (taken_.size() > kSweepAbove)
    std::erase_if(taken_, [&](const auto& item) { return item.second.back() + kHour <= now; });
  std::deque<Time>& times = taken_[key];
  while (!times.empty() && times.front() + kHour <= now) times.pop_front();
  if (times.size() >= limit_) return std::chrono::ceil<std::chrono::seconds>(times.front() + kHour - now);
  times.push_back(now);
  return std::nullopt;
}

void HourlyQuota::give_back(const std::string& key) {
  const auto found = taken_.find(key);
  if (found == taken_.end()) return;
  found->second.pop_back();
  if (found->second.empty()) taken_.erase(found);
}

}  // namespace unavoce::server
