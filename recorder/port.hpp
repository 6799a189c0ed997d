// Where a publisher's frames meet the tracks they belong to: one port per publisher and kind of session.
// Owner: Ingest; takes and sessions share it. A port outlives sessions (a publisher may reconnect) and takes. Thread:
// any; `deliver` is the frame path and takes two short locks, never the disk. Errors: none.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

class Port {
 public:
  /// `wake` is called (from any thread) when a key frame is wanted.
  explicit Port(std::function<void()> wake) : wake_(std::move(wake)) {}

  // ---- the publisher's side

  // These two by one caller at a time: Ingest calls them under its mutex.

  enum class Connected { yes, overtaken };
  /// Session number `source` publishes these streams from now on; an older session's frames are dropped. `overtaken`: a
  /// newer one was connected before, nothing changes.
  Connected connect(std::uint64_t source, std::optional<Codec> audio, std::optional<Codec> video);
  void disconnect(std::uint64_t source);
  /// A frame goes to the writer whose permit admits it, and is dropped (and wiped) otherwise.
  void deliver(Frame&& frame);

  /// True if a key frame shall be asked for now: one is wanted and the last request is `pause` ago.
  bool keyframe_due(std::int64_t now_ns, std::int64_t pause_ns);

  // ---- the tracks' side

  void attach(std::shared_ptr<TrackWriter> writer);
  void detach(const TrackWriter* writer);
  /// In which codec this stream is published, if it is.
  std::optional<Codec> publishes(Stream stream) const;
  void want_keyframe();

  /// Nobody publishes here and nobody listens.
  bool idle() const;

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // before a writer's inbox lock; nothing else is locked under it
  std::vector<std::shared_ptr<TrackWriter>> writers_;
  std::atomic<std::uint64_t> source_{0};
  std::array<std::atomic<std::optional<Codec>>, 2> publishes_{};  // by Stream
  std::atomic<bool> keyframe_wanted_{false};
  std::atomic<std::int64_t> keyframe_asked_ns_{0};
};

}  // namespace unavoce::recorder
