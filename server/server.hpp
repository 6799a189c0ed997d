#pragma once
// The service as a whole: opens the data folder, wires everything together, serves until it is told to stop. main.cpp
// runs one; tests run theirs in the same process on a port of its own. `run` blocks its caller, which becomes the
// control thread; `stop` may be called from any thread or signal handler thread. Errors at start: unavailable for what
// may pass by itself, others for what would be refused again; the text says what to do.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/config.hpp"
#include "server/error.hpp"
#include "server/log.hpp"
#include "storage/file_ops.hpp"

namespace unavoce::server {

/// One entry of the table of routes, as the description of the API (docs/openapi.json) must have it.
struct Endpoint {
  std::string method;
  std::string pattern;
  enum class For { anyone, host } who;
  std::uint64_t body_limit_bytes;
};

class Server {
 public:
  /// Opens everything and binds the port; requests are answered once `run` is called. All files but SQLite's are
  /// written through `ops`.
  static Result<std::unique_ptr<Server>> open(Config config, Log& log,
                                              storage::FileOps& ops = storage::system_file_ops());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// The address for people to type.
  const std::string& base_url() const;
  /// What the operator should know: unencrypted volume, swap.
  const std::vector<std::string>& notices() const;
  /// Everything that can be asked for under /api and /whip, the WebSocket included.
  std::vector<Endpoint> endpoints() const;

  /// Serves until `stop`, or until somebody has seen another ledger than this one; then ends running takes properly,
  /// and returns.
  void run();
  /// Why run() returned by itself.
  const std::optional<Error>& failure() const;
  /// First call: no new connections, takes are ended and sealed. A second call does not wait for that.
  void stop();
  /// What its end is waiting for, in words. Any thread, and also after this object is gone.
  using Ending = std::atomic<const char*>;
  std::shared_ptr<const Ending> ending() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Creates the data folder if it is missing, readable by its owner alone. Errors: io, unavailable.
Result<void> make_data_folder(const std::filesystem::path& folder);

/// Makes an invitation and stores its hash in the data folder; gives the code. The service may be running.
Result<std::string> make_invitation(const Config& config);

}  // namespace unavoce::server
