#include "server/request_limit.hpp"

#include "server/client_address.hpp"
#include "server/other_sites.hpp"
#include "server/problem.hpp"

namespace unavoce::server {
namespace {

/// A page and all its parts, or a dozen people behind one address, come at once.
constexpr unsigned kSecondsAtOnce = 10;

/// Preflights are cheap, and were one refused, the page would hear of no refusal, but of a network that failed: whoever
/// stays below the other limits never meets this one.
constexpr unsigned kPreflightsForEach = 10;

RateLimit limit_of(unsigned per_second) {
  return {kSecondsAtOnce * per_second, std::chrono::microseconds(1'000'000 / per_second)};
}

}  // namespace

RequestLimit::RequestLimit(Application& next, unsigned requests_per_second)
    : next_(next),
      requests_(limit_of(requests_per_second)),
      statements_(limit_of(requests_per_second)),
      preflights_(limit_of(kPreflightsForEach * requests_per_second)) {}

RateLimit& RequestLimit::limit_for(const Request& request) {
  if (is_preflight(request) && is_for_other_sites(request.path)) return preflights_;
  return request.path == "/api/v1/statements" ? statements_ : requests_;
}

Result<void> RequestLimit::check(const Request& request) {
  if (limit_for(request).take(address_group(request.remote_address), std::chrono::steady_clock::now()))
    return boost::outcome_v2::success();
  return Error(Errc::rate_limited, "too many requests from this address; try again in a few seconds",
               "too_many_requests");
}

Task<Response> RequestLimit::handle(Request request) {
  const auto allowed = check(request);
  if (!allowed) co_return problem_response(allowed.error()).with("X-Content-Type-Options", "nosniff");
  co_return co_await next_.handle(std::move(request));
}

Task<Result<OpenWebSocket>> RequestLimit::upgrade(Request request) {
  BOOST_OUTCOME_CO_TRY(check(request));
  co_return co_await next_.upgrade(std::move(request));
}

}  // namespace unavoce::server
