#include "recorder/inbox.hpp"

#include <utility>

namespace unavoce::recorder {

Pushed Inbox::push(Frame&& frame) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return Pushed::dropped;
  const bool full = frames_.size() >= max_frames_ || bytes_ + frame.bytes.size() > max_bytes_;
  const bool video = frame.stream == Stream::video;
  const bool waits = video && until_key_ && frame.type != FrameType::key;
  if (full || waits) {
    until_key_ = until_key_ || video;
    ++dropped_;
    return Pushed::dropped;
  }
  if (video) until_key_ = false;
  bytes_ += frame.bytes.size();
  frames_.push_back(std::move(frame));
  if (frames_.size() == 1) changed_.notify_one();
  return Pushed::queued;
}

Delivery Inbox::take(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return ordered_ || !frames_.empty(); });
  ordered_ = false;
  bytes_ = 0;
  return {std::exchange(frames_, {}), std::exchange(orders_, {}), std::exchange(dropped_, 0)};
}

Orders Inbox::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  frames_.clear();
  return std::exchange(orders_, {});
}

}  // namespace unavoce::recorder
