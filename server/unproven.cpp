#include "server/unproven.hpp"

#include <algorithm>

namespace unavoce::server {
namespace {

constexpr std::size_t kMaxKept = 256;

}  // namespace

Unproven::Unproven(Services& services, Finish finish, Erase erase)
    : services_(services),
      finish_(std::move(finish)),
      erase_(std::move(erase)),
      keep_trying_(
          services, [this] { return !kept_.empty() || !erasures_.empty(); }, [this] { return try_all(); }) {}

void Unproven::keep(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing) {
  if (!kept_.contains(withdrawal.id) && kept_.size() >= kMaxKept) {
    services_.log.error("more withdrawals wait for the ledger than are kept; this one must be sent again");
    return;
  }
  kept_.insert_or_assign(withdrawal.id, Kept{withdrawal, missing});
  keep_trying_.begin();
}

void Unproven::keep_erasure(const consent::RecordingId& recording) {
  erasures_.insert(recording);
  keep_trying_.begin();
}

Task<void> Unproven::try_all() {
  const std::vector<consent::RecordingId> recordings(erasures_.begin(), erasures_.end());
  for (const auto& recording : recordings) {
    const auto erased = co_await erase_(recording);
    if (erased) erasures_.erase(recording);
  }
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

bool Unproven::owes(const consent::RecordingId& recording) const {
  return erasures_.contains(recording) || std::ranges::any_of(kept_, [&](const auto& item) {
           return item.second.withdrawal.body.recording == recording;
         });
}

std::vector<consent::Signed<consent::Withdrawal>> Unproven::of(const consent::RecordingId& recording) const {
  std::vector<consent::Signed<consent::Withdrawal>> list;
  for (const auto& [id, kept] : kept_)
    if (kept.withdrawal.body.recording == recording) list.push_back(kept.withdrawal);
  return list;
}

std::vector<consent::Withdrawal> Unproven::lacking_row(const consent::RecordingId& recording) const {
  std::vector<consent::Withdrawal> list;
  for (const auto& [id, kept] : kept_)
    if (kept.missing == Missing::row && kept.withdrawal.body.recording == recording)
      list.push_back(kept.withdrawal.body);
  return list;
}

}  // namespace unavoce::server
