#include "server/unproven.hpp"

#include <algorithm>

namespace unavoce::server {
namespace {

constexpr std::size_t kMaxKept = 256;

bool takes_as_much(const consent::Withdrawal& other, const consent::Withdrawal& as) {
  return other.recording == as.recording && other.key == as.key && as.kinds.subset_of(other.kinds);
}

}  // namespace

Unproven::Unproven(Services& services, Finish finish, Erase erase)
    : services_(services),
      finish_(std::move(finish)),
      erase_(std::move(erase)),
      keep_trying_(
          services, [this] { return !kept_.empty() || !erasures_.empty(); }, [this] { return try_all(); }) {}

Unproven::OnItsWay Unproven::take_up(const consent::Signed<consent::Withdrawal>& withdrawal) {
  auto on_its_way = std::make_shared<const consent::Signed<consent::Withdrawal>>(withdrawal);
  const std::lock_guard lock(mutex_);
  std::erase_if(on_their_way_, [](const auto& other) { return other.expired(); });
  on_their_way_.push_back(on_its_way);
  return on_its_way;
}

bool Unproven::covers(const consent::Signed<consent::Withdrawal>& withdrawal) const {
  if (kept_.contains(withdrawal.id)) return false;
  return std::ranges::any_of(kept_, [&](const auto& item) {
    return item.second.missing == Missing::row && takes_as_much(item.second.withdrawal.body, withdrawal.body);
  });
}

/// A row that is not written may be left out only for one that takes everything: what is approved later than another
/// one would not be taken back by it. An erasure that is tried again carries out all that the ledger has.
bool Unproven::is_done_with_another(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing) const {
  if (kept_.contains(withdrawal.id)) return false;
  return std::ranges::any_of(kept_, [&](const auto& item) {
    const consent::Withdrawal& other = item.second.withdrawal.body;
    return takes_as_much(other, withdrawal.body) &&
           (missing == Missing::erasure || other.kinds == consent::Scope::all());
  });
}

void Unproven::keep(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing) {
  if (is_done_with_another(withdrawal, missing)) return;
  if (!kept_.contains(withdrawal.id) && kept_.size() >= kMaxKept) {
    services_.log.error("more withdrawals wait for the ledger than are kept; this one must be sent again");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    kept_.insert_or_assign(withdrawal.id, Kept{withdrawal, missing});
  }
  keep_trying_.begin();
}

void Unproven::forget(const consent::StatementId& id) {
  const std::lock_guard lock(mutex_);
  kept_.erase(id);
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
      forget(id);
  }
}

bool Unproven::lacks_row(const consent::RecordingId& recording) const {
  return std::ranges::any_of(kept_, [&](const auto& item) {
    return item.second.missing == Missing::row && item.second.withdrawal.body.recording == recording;
  });
}

bool Unproven::is_withdrawing(const consent::RecordingId& recording, const crypto::PublicKey& key) const {
  const auto is_theirs = [&](const consent::Withdrawal& body) {
    return body.recording == recording && body.key == key;
  };
  const bool on_its_way = std::ranges::any_of(on_their_way_, [&](const auto& item) {
    const OnItsWay withdrawal = item.lock();
    return withdrawal && is_theirs(withdrawal->body);
  });
  return on_its_way || std::ranges::any_of(kept_, [&](const auto& item) {
           return item.second.missing == Missing::row && is_theirs(item.second.withdrawal.body);
         });
}

bool Unproven::owes(const consent::RecordingId& recording) const {
  return erasures_.contains(recording) || carried_out_.has(recording) ||
         std::ranges::any_of(kept_,
                             [&](const auto& item) { return item.second.withdrawal.body.recording == recording; });
}

std::vector<consent::Signed<consent::Withdrawal>> Unproven::of(const consent::RecordingId& recording) const {
  std::vector<consent::Signed<consent::Withdrawal>> list;
  const std::lock_guard lock(mutex_);
  for (const auto& item : on_their_way_) {
    const OnItsWay withdrawal = item.lock();
    if (withdrawal && withdrawal->body.recording == recording) list.push_back(*withdrawal);
  }
  for (const auto& [id, kept] : kept_)
    if (kept.withdrawal.body.recording == recording) list.push_back(kept.withdrawal);
  return list;
}

}  // namespace unavoce::server
