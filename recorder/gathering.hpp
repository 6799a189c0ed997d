// Waits for the answers of several writers and hands them on together, on whichever thread brings the last one.
// Owner: shared by the callbacks it gives out. Thread: any. Errors: the first one is what `done` gets.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "recorder/error.hpp"

namespace unavoce::recorder {

template <class T>
class Gathering {
 public:
  using Done = std::function<void(Result<std::vector<T>>)>;

  /// `expected` calls of `add` lead to one call of `done`.
  Gathering(std::size_t expected, Done done) : missing_(expected), done_(std::move(done)) {}

  void add(Result<std::vector<T>> part) {
    std::unique_lock lock(mutex_);
    if (part) {
      std::move(part.value().begin(), part.value().end(), std::back_inserter(all_));
    } else if (!error_) {
      error_ = part.error();
    }
    if (--missing_ != 0) return;
    lock.unlock();  // the last one: nobody else comes
    if (error_) {
      done_(*error_);
    } else {
      done_(std::move(all_));
    }
  }

 private:
  std::mutex mutex_;  // leaf lock
  std::size_t missing_;
  Done done_;
  std::vector<T> all_;
  std::optional<Error> error_;
};

}  // namespace unavoce::recorder
