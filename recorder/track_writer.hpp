// Writes one participant's camera or screen during one take: from the frame path's check to sealed files, f001, f002, …
// Owner: a Take. Thread: `offer` on streaming threads (never waits for the disk), orders from anywhere; the files
// belong to the writer's own thread. Errors: a fault ends the writing, is told as an event, and what was sealed stays.
//
// Life of a writer:  prepared ─start→ waiting for streams ─header→ writing ─finish→ finished
//                        └──────────────┴───────────────────┴─────abort→ erased,  ─fault→ abandoned ─finish→ finished
// `finish` and `abort` are two operations: the one drains, writes the trailer and syncs; the other destroys and erases.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "consent/permit.hpp"
#include "recorder/config.hpp"
#include "recorder/event.hpp"
#include "recorder/inbox.hpp"
#include "recorder/track_file.hpp"

namespace unavoce::recorder {

/// Which streams a publisher sends now, in which codec, and how to ask it for a key frame. Called from the writer's
/// thread.
struct MediaSource {
  std::function<std::optional<Codec>(Stream)> publishes;
  std::function<void()> want_keyframe;
};

/// What a writer is for. `file_numbers` is shared by all writers of one approval in one take, which make at most
/// `max_files` together.
struct WriterOrder {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
  crypto::Recipient recipient;
  consent::Scope kinds;  ///< of this writer: camera and microphone, or screen
  std::shared_ptr<std::atomic<std::uint32_t>> file_numbers;
  std::uint32_t max_files = kMaxFilesOfTake;
};

enum class Offered { taken, refused };

class TrackWriter {
 public:
  using EventSink = std::function<void(Event)>;

  TrackWriter(storage::BlobStore& blobs, const Config& config, WriterOrder order, MediaSource source, EventSink events);
  /// Without finish or abort: leaves the files as a crash would. Not on the writer's own thread. Blocks until it ended.
  ~TrackWriter();
  TrackWriter(const TrackWriter&) = delete;
  TrackWriter& operator=(const TrackWriter&) = delete;

  /// Creates the first file, then the thread. Blocks on the disk. Before anything else. busy: there is no thread to be
  /// had; no file is left.
  Result<PreparedTrack> prepare();
  /// From now on `offer` may be called.
  void start(const consent::Permit& permit);

  /// The frame path: one atomic load of the permit decides by the frame's arrival. A frame that is refused stays the
  /// caller's; one that is taken is moved from.
  Offered offer(Frame& frame);

  void release(std::uint32_t file);
  /// After the gate closed, once. `done` is called on the writer's thread; the writer then ends. too_late: it was
  /// aborted, `done` is not called.
  Ordered finish(FinishDone done);
  /// `done` gets the names removed. It overtakes a finish that is still draining, whose `done` then gets nothing. May
  /// be asked for again while the first one goes on. too_late: the writer has ended, `done` is not called, its files
  /// are at rest.
  Ordered abort(AbortDone done);

  const WriterOrder& order() const noexcept { return order_; }

 private:
  using Clock = std::chrono::steady_clock;

  // all below: writer's thread
  void run();
  enum class Ended { no, yes };
  Ended work_off(Delivery delivery);
  void obey(Orders& orders);
  Ended end_if_due();
  Clock::time_point next_wake() const;
  void handle(Frame&& frame);
  bool admits(const Frame& frame) const;  // frame_check.cpp; on streaming threads, too
  bool usable(const Frame& frame);
  void collect(Frame&& frame);
  bool streams_known() const;
  Result<void> open_file();
  Result<void> put(const Frame& frame);
  Result<void> handle_other_stream(const Frame& frame);
  Result<void> prepare_next(Codec codec);
  Result<void> give_up_next();
  bool fits_current(const Frame& frame) const;
  bool may_switch(const Frame& frame) const;
  Result<void> switch_files(const Frame& frame);
  void flush();
  void fault(const Error& error);
  bool drained() const;
  Result<std::unique_ptr<TrackFile>> create_file(Codec codec);
  std::vector<SealedTrackFile> finish_files();
  Result<std::vector<std::string>> erase_files();

  storage::BlobStore& blobs_;
  const Config& config_;
  const WriterOrder order_;
  const MediaSource source_;
  const EventSink events_;
  Inbox inbox_;
  std::optional<consent::Permit> permit_;  // set by start(), before any offer; constant afterwards
  std::atomic<std::uint8_t> passed_{0};    // streams that delivered a frame from after the closing: drained

  FinishDone finish_;  // set while draining
  Clock::time_point finish_by_{};
  std::vector<AbortDone> aborts_;
  enum class Condition { sound, faulty };
  Condition condition_ = Condition::sound;
  std::unique_ptr<TrackFile> current_;
  std::vector<Frame> pending_;  // until the file's streams are known
  Clock::time_point pending_since_{};
  std::unique_ptr<TrackFile> next_;  // a later file, waiting for release and a key frame
  bool next_released_ = false;
  bool told_used_up_ = false;
  Clock::time_point released_at_{};
  std::vector<SealedTrackFile> finished_;
  std::vector<std::string> names_;  // of every file made, for abort
  Clock::time_point last_flush_{};
  bool first_sealed_ = false;
  bool needs_key_ = true;
  std::uint64_t video_source_ = 0;
  std::uint64_t dropped_ = 0;
  std::jthread thread_;  // last: ends before anything it uses
};

}  // namespace unavoce::recorder
