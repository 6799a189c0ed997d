#include "server/published_ledger.hpp"

#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "server/clock.hpp"

namespace unavoce::server {
namespace {

constexpr std::chrono::milliseconds kMoment{20};
constexpr std::chrono::seconds kCopyEvery{2};
constexpr std::chrono::seconds kFinishWithin{10};

/// True for as long as it lives.
class Underway {
 public:
  explicit Underway(std::shared_ptr<bool> flag) : flag_(std::move(flag)) { *flag_ = true; }
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;
  ~Underway() { *flag_ = false; }

 private:
  std::shared_ptr<bool> flag_;
};

}  // namespace

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
      next_(services.executors.control),
      next_copy_(services.executors.control),
      end_of_patience_(services.executors.control) {}

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
    if (cancelled || stopped_) co_return;
    co_await advance();
    if (stopped_ || conflict_) co_return;
  }
}

Task<void> PublishedLedger::keep_copy() {
  if (services_.config.ledger_checkpoint_copy.empty()) co_return;
  while (!stopped_ && !conflict_) {
    next_copy_.expires_after(kCopyEvery);
    boost::system::error_code cancelled;
    co_await next_copy_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled || stopped_) co_return;
    const auto kept = co_await witnesses_.update_copy();
    if (!kept) give_up(kept.error());
  }
}

void PublishedLedger::give_up(const Error& why) {
  if (!std::exchange(conflict_, true)) on_conflict_(why);
}

Task<void> PublishedLedger::advance() {
  const Underway advancing(advancing_);
  const auto now = co_await services_.in_database(
      [&] { return std::pair(services_.ledger.checkpoint().size, std::string(services_.ledger.signed_checkpoint())); });
  auto cosigned = co_await witnesses_.cosign(now.second);
  if (!cosigned) give_up(cosigned.error());
  if (conflict_) co_return;
  checkpoint_ = std::move(cosigned).value();
  size_ = now.first;
}

Task<void> PublishedLedger::finish() {
  witnesses_.hurry();
  end_of_patience_.expires_after(kFinishWithin);
  end_of_patience_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) witnesses_.give_up();
  });
  // Two at once would tell the witnesses of each other's sizes.
  while (*advancing_) {
    boost::system::error_code ignored;
    next_.expires_after(kMoment);
    co_await next_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!conflict_) co_await advance();
  end_of_patience_.cancel();
}

Task<Result<void>> PublishedLedger::compare() {
  auto cosigned = co_await witnesses_.compare();
  if (!cosigned) co_return cosigned.error();
  checkpoint_ = std::move(cosigned).value();
  co_return boost::outcome_v2::success();
}

void PublishedLedger::stop() {
  stopped_ = true;
  next_.cancel();
  next_copy_.cancel();
}

}  // namespace unavoce::server
