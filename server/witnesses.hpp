#pragma once
// What others remember of the ledger: witnesses (c2sp.org/tlog-witness), who cosign what is published, and a copy of
// the published checkpoint outside of the data folder. Before the gate can open for the first time the ledger is
// compared with both: a restored backup would fork it, and would revive approvals that were withdrawn (DESIGN section
// 6). Owned by PublishedLedger's owner; control thread, the waiting happens on a thread of its own.

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "consent/checkpoint.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Witnesses {
 public:
  explicit Witnesses(Services& services);

  /// Whether the ledger continues what the witnesses and the copy have seen. Errors: config, with what to do: it was
  /// rolled back or forked; or nobody who is configured could be asked.
  Task<Result<void>> compare();

  /// `note`, a signed checkpoint of the ledger, with the lines of all witnesses that cosign it, also kept as the copy.
  /// Those who do not are logged, and asked again the next time.
  Task<std::string> cosign(const std::string& note);

  /// Gives up what is being asked.
  void stop() { ending_ = true; }

 private:
  struct Asked {
    const WitnessSetting& setting;
    std::uint64_t remembers = 0;  ///< as far as we know
    std::string complaint;        ///< that was logged last
  };

  // What these take by reference must live until they are done (executors.hpp on temporaries in a co_await).

  /// The cosignature line. Errors: conflict when it has seen another ledger than ours, io when it gives no answer.
  Task<Result<std::string>> ask(Asked& witness, const std::string& note, const consent::Checkpoint& checkpoint);
  Task<Result<std::string>> request(std::uint64_t old_size, std::uint64_t new_size, const std::string& note);
  Task<Result<void>> compare_with_copy(const std::string& note, const consent::Checkpoint& checkpoint);
  Task<Result<void>> keep_copy(const std::string& note);
  void tell(std::string& complaint, const std::string& who, const Result<void>& outcome);
  consent::Checkpoint opened(const std::string& note) const;

  Services& services_;
  std::vector<Asked> asked_;
  std::string copy_complaint_;
  std::atomic<bool> ending_{false};
  asio::thread_pool thread_{1};
};

}  // namespace unavoce::server
