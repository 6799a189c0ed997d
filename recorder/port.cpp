#include "recorder/port.hpp"

#include <algorithm>

namespace unavoce::recorder {

Port::Connected Port::connect(std::uint64_t source, std::optional<Codec> audio, std::optional<Codec> video) {
  if (source < source_) return Connected::overtaken;
  source_ = source;
  publishes_[0] = audio;
  publishes_[1] = video;
  keyframe_asked_ns_ = 0;
  return Connected::yes;
}

void Port::disconnect(std::uint64_t source) {
  if (source_ != source) return;
  for (auto& stream : publishes_) stream = std::nullopt;
}

void Port::deliver(Frame&& frame) {
  if (frame.source != source_.load(std::memory_order_relaxed)) return;
  const bool key = frame.stream == Stream::video && frame.type == FrameType::key;
  const std::scoped_lock lock(mutex_);
  // Before the writers see it: they ask again if this one does not help them.
  if (key) keyframe_wanted_ = false;
  for (const auto& writer : writers_) {
    if (writer->offer(frame) == Offered::taken) return;
  }
}

bool Port::keyframe_due(std::int64_t now_ns, std::int64_t pause_ns) {
  if (!keyframe_wanted_ || !publishes(Stream::video) || now_ns - keyframe_asked_ns_ < pause_ns) return false;
  keyframe_asked_ns_ = now_ns;
  return true;
}

void Port::attach(std::shared_ptr<TrackWriter> writer) {
  const std::scoped_lock lock(mutex_);
  writers_.push_back(std::move(writer));
}

void Port::detach(const TrackWriter* writer) {
  std::vector<std::shared_ptr<TrackWriter>> gone;  // released outside the lock
  const std::scoped_lock lock(mutex_);
  const auto end =
      std::stable_partition(writers_.begin(), writers_.end(), [&](const auto& w) { return w.get() != writer; });
  std::move(end, writers_.end(), std::back_inserter(gone));
  writers_.erase(end, writers_.end());
}

std::optional<Codec> Port::publishes(Stream stream) const {
  return publishes_[static_cast<std::size_t>(stream)];
}

void Port::want_keyframe() {
  if (!keyframe_wanted_.exchange(true)) wake_();
}

bool Port::idle() const {
  const std::scoped_lock lock(mutex_);
  return writers_.empty() && !publishes(Stream::audio) && !publishes(Stream::video);
}

}  // namespace unavoce::recorder
