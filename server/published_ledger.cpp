#include "server/published_ledger.hpp"

#include <boost/asio/redirect_error.hpp>

#include "server/clock.hpp"

namespace unavoce::server {

std::chrono::milliseconds until_next_instant(consent::TimeMs now, std::chrono::milliseconds interval) {
  const std::int64_t since = now.value % interval.count();
  return std::chrono::milliseconds(interval.count() - (since < 0 ? since + interval.count() : since));
}

PublishedLedger::PublishedLedger(Services& services, std::function<void(const Error&)> on_conflict)
    : services_(services),
      on_conflict_(std::move(on_conflict)),
      interval_(std::chrono::seconds(services.config.ledger_publish_seconds)),
      witnesses_(services),
      size_(services.ledger.checkpoint().size),
      checkpoint_(services.ledger.signed_checkpoint()),
      next_(services.executors.control) {}

Task<Result<std::string>> PublishedLedger::tile(consent::TilePath path) {
  if (!consent::is_within(path, size_)) {
    co_return Error(Errc::not_found,
                    "the published ledger has no such tile (yet); its checkpoint says how large it is");
  }
  auto bytes = co_await services_.in_database([&] { return services_.ledger.tile(path); });
  if (bytes) co_return std::string(crypto::as_text(bytes.value()));
  if (bytes.error().code == consent::Errc::unknown_reference) co_return Error(Errc::not_found, bytes.error().text);
  co_return Error(bytes.error());
}

Task<void> PublishedLedger::run() {
  for (;;) {
    // Looked up anew each time, so that a clock that was set does not leave the instants beside the minutes.
    next_.expires_after(until_next_instant(wall_time(), interval_));
    boost::system::error_code cancelled;
    co_await next_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    if (co_await advance() == Went::wrong) co_return;
  }
}

Task<PublishedLedger::Went> PublishedLedger::advance() {
  const auto now = co_await services_.in_database(
      [&] { return std::pair(services_.ledger.checkpoint().size, std::string(services_.ledger.signed_checkpoint())); });
  auto cosigned = co_await witnesses_.cosign(now.second);
  if (!cosigned) {
    on_conflict_(cosigned.error());
    co_return Went::wrong;
  }
  checkpoint_ = std::move(cosigned).value();
  size_ = now.first;
  co_return Went::on;
}

Task<void> PublishedLedger::finish() {
  co_await advance();
}

Task<Result<void>> PublishedLedger::compare() {
  auto cosigned = co_await witnesses_.compare();
  if (!cosigned) co_return cosigned.error();
  checkpoint_ = std::move(cosigned).value();
  co_return boost::outcome_v2::success();
}

void PublishedLedger::stop() {
  next_.cancel();
}

}  // namespace unavoce::server
