#include "server/unproven.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace unavoce::server {
namespace {

constexpr std::size_t kMaxKept = 256;
constexpr std::chrono::seconds kPause{2};

}  // namespace

void Unproven::keep(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing) {
  if (!kept_.contains(withdrawal.id) && kept_.size() >= kMaxKept) {
    services_.log.error("more withdrawals wait for the ledger than are kept; this one must be sent again");
    return;
  }
  kept_.insert_or_assign(withdrawal.id, Kept{withdrawal, missing});
  if (std::exchange(trying_, Trying::yes) == Trying::yes) return;
  asio::co_spawn(
      services_.executors.control, [this] { return keep_trying(); }, asio::detached);
}

Task<void> Unproven::keep_trying() {
  asio::steady_timer pause(services_.executors.control);
  while (!kept_.empty()) {
    pause.expires_after(kPause);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    try {
      co_await try_all();
    } catch (const std::exception& failure) {
      services_.log.error(std::string("a withdrawal is not finished yet: ") + failure.what());
    }
  }
  trying_ = Trying::no;
}

Task<void> Unproven::try_all() {
  std::vector<consent::StatementId> ids;
  for (const auto& [id, kept] : kept_) ids.push_back(id);
  for (const auto& id : ids) {
    const auto found = kept_.find(id);
    if (found == kept_.end()) continue;
    consent::Signed<consent::Withdrawal> withdrawal = found->second.withdrawal;
    const auto missing = co_await finish_(std::move(withdrawal));
    const auto still = kept_.find(id);
    if (still == kept_.end()) continue;
    if (missing)
      still->second.missing = *missing;
    else
      kept_.erase(still);
  }
}

bool Unproven::lacks_row(const consent::RecordingId& recording) const {
  return std::ranges::any_of(kept_, [&](const auto& item) {
    return item.second.missing == Missing::row && item.second.withdrawal.body.recording == recording;
  });
}

bool Unproven::lacks_row(const consent::RecordingId& recording, const crypto::PublicKey& key) const {
  return std::ranges::any_of(kept_, [&](const auto& item) {
    const auto& body = item.second.withdrawal.body;
    return item.second.missing == Missing::row && body.recording == recording && body.key == key;
  });
}

std::vector<consent::Signed<consent::Withdrawal>> Unproven::of(const consent::RecordingId& recording) const {
  std::vector<consent::Signed<consent::Withdrawal>> list;
  for (const auto& [id, kept] : kept_)
    if (kept.withdrawal.body.recording == recording) list.push_back(kept.withdrawal);
  return list;
}

}  // namespace unavoce::server
