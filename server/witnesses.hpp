#pragma once
// What others remember of the ledger: witnesses (c2sp.org/tlog-witness), who cosign what is published, and a copy of
// the newest checkpoint outside of the data folder. Before the gate can open for the first time the ledger is compared
// with all of them: a restored backup would fork it, and would revive approvals that were withdrawn (DESIGN section 6).
// Owned by PublishedLedger; control thread, the waiting happens on threads of their own. Coroutines here take by
// reference what their callers keep until they are done (executors.hpp on temporaries).

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consent/checkpoint.hpp"
#include "server/http_post.hpp"
#include "server/job_queue.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Witnesses {
 public:
  explicit Witnesses(Services& services);
  ~Witnesses();

  /// Whether the ledger continues what all witnesses and the copy have seen; gives the newest checkpoint, cosigned.
  /// Where there is neither, it says so in the log.
  /// Witnesses are asked what they remember before any of them is asked to cosign. Errors: config, with what to do: it
  /// was rolled back or forked; unavailable: somebody could not be asked, and Config::start says that all must.
  Task<Result<std::string>> compare();

  /// `note`, a signed checkpoint of the ledger, with the lines of all witnesses that cosign it; the copy is brought up
  /// to date besides. Those who give no answer are waited for once, all at the same time, are logged, and asked again
  /// the next time. Errors: conflict when somebody has seen another ledger than this one: nothing was published or kept
  /// then. One call at a time.
  Task<Result<std::string>> cosign(const std::string& note);

  /// The service ends: from now on no answer is waited for longer than two seconds, those that are on their way
  /// included.
  void hurry();
  /// No answer is waited for any more; what comes goes without those that are missing.
  void give_up();

  /// Brings the copy up to date if the ledger has grown since; between two publications, and while one is under way,
  /// too. A disk that refuses it is logged. Errors: conflict, as above.
  Task<Result<void>> update_copy();

 private:
  struct Asked {
    const WitnessSetting& setting;
    std::uint64_t remembers = 0;               ///< as far as we know
    std::string complaint;                     ///< that was logged last
    Result<std::string> said = std::string();  ///< when it was asked last
  };
  /// Who was asked, and how it went.
  struct Outcome {
    std::string who;
    std::optional<Error> error;
  };

  /// Its cosignature line; empty where `only_look` and it remembers a smaller tree. Errors: conflict when it has seen
  /// another ledger than ours, io when it gives no answer that says so.
  enum class Ask { only_look, cosign };
  Task<Result<std::string>> ask(Asked& witness, Ask what, const std::string& note,
                                const consent::Checkpoint& checkpoint);
  Task<Result<std::string>> request(std::uint64_t old_size, const consent::Checkpoint& checkpoint,
                                    const std::string& note);
  /// Asks some at once, each within its own time; `said` holds their answers then.
  Task<void> ask_at_once(const std::vector<Asked*>& some, Ask what, const std::string& note,
                         const consent::Checkpoint& checkpoint);
  Task<void> hear(Asked& witness, Ask what, const std::string& note, const consent::Checkpoint& checkpoint);
  Task<void> look(const std::string& note, const consent::Checkpoint& checkpoint);
  Task<Result<std::string>> cosign_after_look(const std::string& note, const consent::Checkpoint& checkpoint);

  Task<Result<void>> compare_with_copy(const consent::Checkpoint& checkpoint);
  Task<Result<void>> compare_with(const std::string& copy, const consent::Checkpoint& checkpoint);
  Task<Result<void>> keep_copy();
  Task<Result<void>> write_copy();
  void tell(std::string& complaint, const Outcome& outcome);
  consent::Checkpoint opened(const std::string& note) const;

  Services& services_;
  std::vector<Asked> asked_;
  std::string copy_complaint_;
  std::optional<std::uint64_t> copied_size_;  ///< of the tree whose checkpoint was written last
  std::shared_ptr<JobQueue> copying_;         ///< one after the other: an older checkpoint never replaces a newer one
  HttpPatience patience_;
  asio::thread_pool asking_;   // a thread for each witness, up to eight
  asio::thread_pool disk_{1};  // the copy's, which may hang like a network
};

}  // namespace unavoce::server
