#include <catch2/catch.hpp>

#include "server/origin.hpp"
#include "server/rate_limit.hpp"

using namespace unavoce::server;
using namespace std::chrono_literals;

namespace {

Request request_from(Method method, const char* origin, const char* site = "") {
  Request request;
  request.method = method;
  if (*origin != '\0') request.headers["origin"] = origin;
  if (*site != '\0') request.headers["sec-fetch-site"] = site;
  return request;
}

}  // namespace

TEST_CASE("a page of another site changes nothing here", "[origin]") {
  const OriginPolicy policy("https://meet.example", {});
  for (const Method method : {Method::post, Method::put, Method::remove, Method::patch}) {
    CHECK_FALSE(policy.check(request_from(method, "https://evil.example")));
    CHECK_FALSE(policy.check(request_from(method, "null")));
    CHECK_FALSE(policy.check(request_from(method, "https://meet.example.evil.example")));
    CHECK_FALSE(policy.check(request_from(method, "http://meet.example")));
    CHECK_FALSE(policy.check(request_from(method, "", "cross-site")));
    CHECK_FALSE(policy.check(request_from(method, "", "same-site")));
    CHECK(policy.check(request_from(method, "https://meet.example")));
    CHECK(policy.check(request_from(method, "")));
  }
  CHECK(policy.check(request_from(Method::get, "https://evil.example")));
  CHECK_FALSE(policy.check_upgrade(request_from(Method::get, "https://evil.example")));
}

TEST_CASE("after a burst one attempt comes back at a time", "[rate_limit]") {
  RateLimit limit(3, 10s);
  const RateLimit::Time begin{};
  for (int i = 0; i < 3; ++i) CHECK(limit.take("a", begin));
  CHECK_FALSE(limit.take("a", begin + 1s));
  CHECK(limit.take("b", begin + 1s));
  CHECK(limit.take("a", begin + 10s));
  CHECK_FALSE(limit.take("a", begin + 11s));
}

TEST_CASE("a refused attempt costs nothing, and success forgets the failures", "[rate_limit]") {
  RateLimit limit(1, 10s);
  const RateLimit::Time begin{};
  CHECK(limit.take("a", begin));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(limit.take("a", begin + 9s));
  CHECK(limit.take("a", begin + 10s));
  limit.forget("a");
  CHECK(limit.take("a", begin + 10s));
}

TEST_CASE("something larger takes several tokens at once, or none", "[rate_limit]") {
  RateLimit limit(10, 1s);
  const RateLimit::Time begin{};
  CHECK(limit.take("a", begin, 8));
  CHECK_FALSE(limit.take("a", begin, 3));
  CHECK(limit.take("a", begin, 2));
  CHECK(limit.take("a", begin + 3s, 3));
}
