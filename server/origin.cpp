#include "server/origin.hpp"

#include <algorithm>

namespace unavoce::server {

OriginPolicy::OriginPolicy(std::string_view base_url, std::vector<std::string> further_origins)
    : origins_(std::move(further_origins)) {
  origins_.emplace_back(base_url);
}

bool OriginPolicy::is_ours(std::string_view origin) const {
  return std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

Result<void> OriginPolicy::check(const Request& request) const {
  const bool changes =
      request.method != Method::get && request.method != Method::head && request.method != Method::options;
  if (!changes) return boost::outcome_v2::success();
  return check_upgrade(request);
}

Result<void> OriginPolicy::check_upgrade(const Request& request) const {
  const std::string_view origin = request.header("origin");
  const std::string_view site = request.header("sec-fetch-site");
  const bool elsewhere = origin.empty() ? !site.empty() && site != "same-origin" && site != "none" : !is_ours(origin);
  if (!elsewhere) return boost::outcome_v2::success();
  return Error(Errc::forbidden, "the request comes from a page of another site; if this is your own, set base_url",
               "wrong_origin");
}

}  // namespace unavoce::server
