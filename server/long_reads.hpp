#pragma once
// What is long to read, or large to give: lists of recordings, recordings with their evidence, bundles. There is one
// database thread, and meetings need it: of all that is long, one piece at a time is given to it, and whose turn it is
// goes round by reader, so that neither one account nor many keep a meeting waiting for longer than one piece takes.
// What an answer holds in RAM until it is sent is counted, by reader and for the machine. Owned by Services. Turns:
// control thread. What is held: any thread, and it may outlive this.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "server/error.hpp"
#include "server/executors.hpp"
#include "server/job_queue.hpp"

namespace unavoce::server {

class LongReads {
 public:
  struct Limits {
    std::uint64_t bytes = std::uint64_t{256} * 1024 * 1024;
    std::uint64_t bytes_of_reader = std::uint64_t{64} * 1024 * 1024;
    unsigned bundles_of_reader = 4;
    /// So much each reader may hold whatever others hold: what a host's page needs to check who is recorded.
    std::uint64_t bytes_of_everybody = std::uint64_t{1} * 1024 * 1024;
  };

 private:
  struct Books;

 public:
  /// What one answer holds; given back when it is destroyed.
  class Held {
   public:
    Held(Held&&) noexcept;
    Held& operator=(Held&&) noexcept;
    ~Held();

    /// From now on as much as this. What is larger than a limit by itself is let through while nothing else is held
    /// that counts for it. Errors: unavailable (too_much_at_once); then it holds what it held.
    Result<void> grow_to(std::uint64_t bytes);
    /// The same, for less.
    void shrink_to(std::uint64_t bytes) noexcept;

   private:
    friend class LongReads;
    enum class What : std::uint8_t { bytes, bundle };
    Held(std::shared_ptr<Books> books, std::string reader, What what);
    void give_back() noexcept;

    std::shared_ptr<Books> books_;
    std::string reader_;
    What what_;
    std::uint64_t bytes_ = 0;
  };

  explicit LongReads(Executors& executors) : LongReads(executors, Limits()) {}
  LongReads(Executors& executors, Limits limits);

  /// Nothing yet.
  Held hold(const std::string& reader);
  /// The same for a bundle, which is on its way for as long as it is not destroyed. Errors: rate_limited
  /// (too_many_bundles).
  Result<Held> hold_bundle(const std::string& reader);

  /// Runs `job` on the database thread when it is this reader's turn.
  template <class Job>
  Task<std::invoke_result_t<Job>> in_turn(std::string reader, Job job) {
    co_await wait_for_turn(std::move(reader));
    try {
      auto answer = co_await on(executors_.database, std::move(job));
      pass_turn();
      co_return answer;
    } catch (...) {
      pass_turn();
      throw;
    }
  }

 private:
  using Waiting = std::deque<std::shared_ptr<Signal>>;

  Task<void> wait_for_turn(std::string reader);
  void pass_turn();

  Executors& executors_;
  std::shared_ptr<Books> books_;
  std::optional<std::string> reader_;       // whose turn it is
  std::deque<std::string> round_;           // the other readers who wait, the next one first
  std::map<std::string, Waiting> waiting_;  // of each of them, the longest waiting first
};

}  // namespace unavoce::server
