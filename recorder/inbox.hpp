// The bounded queue of one track: frames from streaming threads, orders from anywhere, one reader.
// Owner: a TrackWriter. Thread: `push` and `order` from any thread, never waiting for the disk; `take` from the
// writer's thread. Errors: a full queue drops frames until the next key frame and counts them; orders are never
// dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "recorder/error.hpp"
#include "recorder/frame.hpp"
#include "recorder/order.hpp"

namespace unavoce::recorder {

using FinishDone = std::function<void(Result<std::vector<SealedTrackFile>>)>;
using AbortDone = std::function<void(Result<std::vector<std::string>>)>;

/// What a writer is told besides frames. `finish` is given at most once per writer.
struct Orders {
  bool started = false;
  std::optional<std::uint32_t> released;  ///< number of a later file that may be written now
  FinishDone finish;
  std::vector<AbortDone> aborts;  ///< all of them are answered
  bool stop = false;              ///< the recorder ends: leave everything as a crash would
};

/// All that came in since the last time.
struct Delivery {
  std::deque<Frame> frames;
  Orders orders;
  std::uint64_t dropped = 0;
};

enum class Pushed { queued, dropped };
enum class Ordered { accepted, too_late };

class Inbox {
 public:
  Inbox(std::size_t max_frames, std::size_t max_bytes) : max_frames_(max_frames), max_bytes_(max_bytes) {}

  Pushed push(Frame&& frame);

  /// Changes the orders under the lock and wakes the writer; too_late when it has read its last one.
  template <class Change>
  Ordered order(Change change) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return Ordered::too_late;
    change(orders_);
    ordered_ = true;
    changed_.notify_one();
    return Ordered::accepted;
  }

  /// The writer ends: takes what is left, drops the frames, accepts nothing more.
  Orders close();

  /// Waits until something comes in, or `deadline`; takes everything.
  Delivery take(std::chrono::steady_clock::time_point deadline);

 private:
  const std::size_t max_frames_;
  const std::size_t max_bytes_;
  std::mutex mutex_;  // leaf lock: nothing is called while it is held
  std::condition_variable changed_;
  std::deque<Frame> frames_;
  std::size_t bytes_ = 0;
  bool until_key_ = false;  // video is dropped until a key frame, after an overflow
  std::uint64_t dropped_ = 0;
  Orders orders_;
  bool ordered_ = false;
  bool closed_ = false;
};

}  // namespace unavoce::recorder
