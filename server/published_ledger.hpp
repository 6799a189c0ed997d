#pragma once
// What the public sees of the ledger: a checkpoint that advances at fixed instants only, and the tiles of that tree.
// So nobody outside can tell when exactly an entry came (DESIGN section 6). Receipts and participants get the ledger's
// own checkpoint at once. Owned by Server; control thread.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "consent/tiles.hpp"
#include "server/services.hpp"
#include "server/witnesses.hpp"

namespace unavoce::server {

/// How long it is from `now` to the next whole multiple of `interval`, never zero.
std::chrono::milliseconds until_next_instant(consent::TimeMs now, std::chrono::milliseconds interval);

class PublishedLedger {
 public:
  /// Publishes what the ledger holds at the start of the service, before anything is served: less could be less than
  /// was public before.
  /// `on_conflict` is told when somebody has seen another ledger than this one; nothing is published any more then.
  PublishedLedger(Services& services, std::function<void(const Error&)> on_conflict);

  /// Whether the ledger continues what others have seen of it; before anything else is done with it.
  Task<Result<void>> compare();

  /// The checkpoint last published, a signed note, with the cosignatures of witnesses.
  const std::string& checkpoint() const { return checkpoint_; }

  /// The bytes of a tile of the published tree. Errors: not_found beyond it.
  Task<Result<std::string>> tile(consent::TilePath path);

  /// Advances at every instant until `stop`.
  Task<void> run();
  /// Keeps the copy of the checkpoint up to date while the ledger grows, whatever witnesses are waited for, until
  /// `stop`: what was there before a kill cannot be rolled back unnoticed.
  Task<void> keep_copy();
  void stop();
  /// Once more, after `stop`, when the last statement is in the ledger: so that others have seen it. Witnesses that do
  /// not answer are waited for two seconds each, and ten all together.
  Task<void> finish();

 private:
  Task<void> advance();
  void give_up(const Error& why);

  Services& services_;
  std::function<void(const Error&)> on_conflict_;
  std::chrono::milliseconds interval_;
  Witnesses witnesses_;
  std::uint64_t size_;
  std::string checkpoint_;
  asio::steady_timer next_;
  asio::steady_timer next_copy_;
  asio::steady_timer end_of_patience_;
  bool stopped_ = false;
  std::shared_ptr<bool> advancing_ = std::make_shared<bool>(false);  ///< outlived by an advance that is cut off
  bool conflict_ = false;                                            ///< somebody has seen another ledger
};

}  // namespace unavoce::server
