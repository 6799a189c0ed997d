#include "server/rate_limit.hpp"

namespace unavoce::server {

Result<void> RateLimit::take(const std::string& key, Time now, unsigned tokens) {
  constexpr std::size_t sweep_above =
      10000;  // keys of full buckets say nothing; forget them before they fill the memory
  if (full_at_.size() > sweep_above) std::erase_if(full_at_, [now](const auto& item) { return item.second <= now; });
  Time& full_at = full_at_.try_emplace(key, now).first->second;
  const Time after = std::max(full_at, now) + refill_ * tokens;
  if (after - now > refill_ * burst_)
    return Error(Errc::rate_limited, "too many attempts; wait half a minute and try again");
  full_at = after;
  return boost::outcome_v2::success();
}

}  // namespace unavoce::server
