#pragma once
// In front of the router: how often one address may ask. Statements are counted by themselves, so that a page that
// loads much, or a neighbour behind the same address, delays no withdrawal; so are the preflights of other sites'
// pages. Owned by Server; control thread.

#include "server/application.hpp"
#include "server/rate_limit.hpp"

namespace unavoce::server {

class RequestLimit final : public Application {
 public:
  /// `next` must outlive this. Above a million in a second there is no limit.
  RequestLimit(Application& next, unsigned requests_per_second);

  Task<Response> handle(Request request) override;
  Task<Result<OpenWebSocket>> upgrade(Request request) override;
  std::uint64_t body_limit_bytes(const Request& head) const override { return next_.body_limit_bytes(head); }

 private:
  RateLimit& limit_for(const Request& request);
  /// Errors: rate_limited.
  Result<void> check(const Request& request);

  Application& next_;
  RateLimit requests_;  // by address
  RateLimit statements_;
  RateLimit preflights_;
};

}  // namespace unavoce::server
