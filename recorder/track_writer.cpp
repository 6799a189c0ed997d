#include "recorder/track_writer.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "recorder/monotonic.hpp"
#include "recorder/writer_thread.hpp"

namespace unavoce::recorder {

using namespace std::chrono_literals;

namespace {

std::uint8_t bit(Stream stream) {
  return stream == Stream::audio ? 1 : 2;
}

bool any_of_stream(const std::vector<Frame>& frames, Stream stream) {
  return std::any_of(frames.begin(), frames.end(), [&](const Frame& f) { return f.stream == stream; });
}

}  // namespace

TrackWriter::TrackWriter(storage::BlobStore& blobs, const Config& config, WriterOrder order, MediaSource source,
                         EventSink events)
    : blobs_(blobs),
      config_(config),
      order_(std::move(order)),
      source_(std::move(source)),
      events_(std::move(events)),
      inbox_(config.queue_frames, config.queue_bytes) {}

TrackWriter::~TrackWriter() {
  inbox_.order([](Orders& orders) { orders.stop = true; });
}

// ---- from other threads

Result<PreparedTrack> TrackWriter::prepare() {
  BOOST_OUTCOME_TRY(current_, create_file(Codec::opus));
  try {
    thread_ = writer_thread([this] { run(); });
  } catch (const std::system_error& none) {
    (void)erase_files();  // what stays all the same goes with the next start
    return Error{Errc::busy, std::string("no thread could be had for writing a track: ") + none.what() +
                                 "; raise the limit of threads (TasksMax) or lower max_publishers"};
  }
  return current_->prepared();
}

void TrackWriter::start(const consent::Permit& permit) {
  permit_.emplace(permit);
  inbox_.order([](Orders& orders) { orders.started = true; });
}

Offered TrackWriter::offer(Frame& frame) {
  if (!admits(frame)) {
    const std::int64_t closed_at_ns = permit_->closed_at_ns();  // kStillOpen is later than any arrival
    const bool late = closed_at_ns != consent::Permit::kClosing && frame.last_arrival_ns > closed_at_ns;
    if (late && (passed_.fetch_or(bit(frame.stream)) & bit(frame.stream)) == 0) inbox_.order([](Orders&) {});
    return Offered::refused;
  }
  inbox_.push(std::move(frame));
  return Offered::taken;
}

void TrackWriter::release(std::uint32_t file) {
  inbox_.order([&](Orders& orders) { orders.released = file; });
}

Ordered TrackWriter::finish(FinishDone done) {
  return inbox_.order([&](Orders& orders) { orders.finish = std::move(done); });
}

Ordered TrackWriter::abort(AbortDone done) {
  return inbox_.order([&](Orders& orders) { orders.aborts.push_back(std::move(done)); });
}

// ---- the writer's thread

void TrackWriter::run() {
  while (true) {
    if (work_off(inbox_.take(next_wake())) == Ended::yes) return;
    if (end_if_due() == Ended::yes) return;
    // The first frames go to the disk as soon as the muxer lets them go, later ones at intervals.
    if (!first_sealed_ || Clock::now() >= last_flush_ + config_.tail_interval) flush();
  }
}

TrackWriter::Ended TrackWriter::work_off(Delivery delivery) {
  dropped_ += delivery.dropped;
  if (delivery.orders.stop) return Ended::yes;
  obey(delivery.orders);
  if (!aborts_.empty()) return Ended::no;
  for (Frame& frame : delivery.frames) handle(std::move(frame));
  if (delivery.dropped != 0) source_.want_keyframe();
  if (!pending_.empty() && streams_known()) {
    if (const auto opened = open_file(); !opened) fault(opened.error());
  }
  return Ended::no;
}

void TrackWriter::obey(Orders& orders) {
  if (orders.released && next_ && next_->context().file == *orders.released) {
    next_released_ = true;
    released_at_ = Clock::now();
    source_.want_keyframe();
  }
  if (orders.finish) {
    finish_ = std::move(orders.finish);
    finish_by_ = Clock::now() + config_.latency + 200ms;
  }
  std::ranges::move(orders.aborts, std::back_inserter(aborts_));
}

TrackWriter::Ended TrackWriter::end_if_due() {
  std::vector<SealedTrackFile> files;
  if (aborts_.empty()) {
    if (!finish_ || (!drained() && Clock::now() < finish_by_)) return Ended::no;
    // While the last ones were written, others were queued: before the frame that says that all is here.
    if (work_off(inbox_.take({})) == Ended::yes) return Ended::yes;
  }
  if (aborts_.empty()) files = finish_files();
  // Closed before anybody is told: an abort from now on is too late here, and finds the files at rest.
  Orders rest = inbox_.close();
  obey(rest);
  if (!aborts_.empty()) {
    pending_.clear();
    files.clear();
    const auto erased = erase_files();
    if (finish_) finish_(std::move(files));
    for (const AbortDone& done : aborts_) done(erased);
  } else {
    finish_(std::move(files));
  }
  return Ended::yes;
}

TrackWriter::Clock::time_point TrackWriter::next_wake() const {
  auto wake = Clock::now() + 1h;
  if (condition_ == Condition::sound && current_ && current_->is_open()) wake = last_flush_ + config_.tail_interval;
  if (!pending_.empty()) wake = std::min(wake, pending_since_ + config_.header_wait);
  if (finish_) wake = std::min(wake, finish_by_);
  return wake;
}

/// All that arrived before the closing has come out of the jitter buffers: every stream that is published has delivered
/// something from after it. A stream that fell silent is waited for until the buffers' latency has passed.
bool TrackWriter::drained() const {
  if (!permit_ || permit_->is_open()) return true;  // never started, or nothing to wait for
  return std::ranges::all_of(std::array{Stream::audio, Stream::video}, [&](Stream stream) {
    return !source_.publishes(stream) || (passed_.load() & bit(stream)) != 0;
  });
}

void TrackWriter::handle(Frame&& frame) {
  // Again, now that it leaves the queue: an approval's kind may have been taken back meanwhile.
  if (!admits(frame)) return;
  if (condition_ == Condition::faulty || !usable(frame)) {
    ++dropped_;
    return;
  }
  if (!current_->is_open() && fits_current(frame)) {
    collect(std::move(frame));
    return;
  }
  const auto written = fits_current(frame) && !may_switch(frame) ? put(frame) : handle_other_stream(frame);
  if (!written) fault(written.error());
}

/// A file's container is fixed with its name, its streams and their codecs with its header.
bool TrackWriter::fits_current(const Frame& frame) const {
  return current_->is_open() ? current_->has(frame.codec) : can_hold(current_->context().container, frame.codec);
}

/// Video starts with a key frame: at first, after a loss in the queue, and when the publisher has reconnected.
bool TrackWriter::usable(const Frame& frame) {
  if (frame.stream == Stream::audio) return true;
  if (frame.source != video_source_) needs_key_ = true;
  video_source_ = frame.source;
  // One with a broken header helps nobody, and what follows refers to it.
  if (frame.type == FrameType::key) needs_key_ = !video_format(frame);
  if (needs_key_) source_.want_keyframe();
  return !needs_key_;
}

void TrackWriter::collect(Frame&& frame) {
  if (pending_.empty()) pending_since_ = Clock::now();
  pending_.push_back(std::move(frame));
}

/// All streams that the publisher sends and the approval covers are here, or waiting any longer would cost media.
bool TrackWriter::streams_known() const {
  if (Clock::now() >= pending_since_ + config_.header_wait || pending_.size() >= config_.queue_frames) return true;
  for (const Stream stream : {Stream::audio, Stream::video}) {
    const bool screen = order_.kinds.contains(consent::Kind::screen);
    const auto kind = screen                    ? consent::Kind::screen
                      : stream == Stream::audio ? consent::Kind::audio
                                                : consent::Kind::video;
    const bool expected = source_.publishes(stream) && permit_->covers(order_.approval, kind);
    if (expected && !any_of_stream(pending_, stream)) return false;
  }
  return true;
}

Result<void> TrackWriter::open_file() {
  std::erase_if(pending_, [&](const Frame& frame) { return !admits(frame); });  // taken back while it waited
  if (pending_.empty()) return boost::outcome_v2::success();
  StreamSet streams;
  std::int64_t zero_ns = pending_.front().pts_ns;
  for (const Frame& frame : pending_) {
    zero_ns = std::min(zero_ns, frame.pts_ns);
    if (frame.stream == Stream::audio) streams.audio = true;
    if (frame.stream == Stream::video && !streams.video) streams.video = video_format(frame);
  }
  BOOST_OUTCOME_TRY(current_->open_streams(streams, zero_ns));
  for (const Frame& frame : std::exchange(pending_, {})) {
    // The publisher may have come back with another codec meanwhile: that needs a file of its own.
    if (!current_->has(frame.codec)) {
      ++dropped_;
      continue;
    }
    BOOST_OUTCOME_TRY(put(frame));
  }
  return boost::outcome_v2::success();
}

/// A frame that libavformat refuses is lost, as one that arrived broken is; so is what refers to it.
Result<void> TrackWriter::put(const Frame& frame) {
  const auto written = current_->write(frame);
  if (written || written.error().code != Errc::bad_media) return written;
  ++dropped_;
  if (frame.stream != Stream::video) return boost::outcome_v2::success();
  needs_key_ = true;
  source_.want_keyframe();
  return boost::outcome_v2::success();
}

// ---- a kind of media or a codec that appears later: a file of its own number, after its `track` statement

Result<void> TrackWriter::handle_other_stream(const Frame& frame) {
  if (next_ && !can_hold(next_->context().container, frame.codec)) {
    BOOST_OUTCOME_TRY(give_up_next());
  }
  if (!next_) return prepare_next(frame.codec);
  if (may_switch(frame)) return switch_files(frame);
  if (current_->has(frame.codec)) return put(frame);
  if (next_released_ && frame.stream == Stream::video) source_.want_keyframe();
  return boost::outcome_v2::success();  // waits for release_track, dropped in RAM
}

Result<void> TrackWriter::prepare_next(Codec codec) {
  // The last one is kept for a screen that begins. What fits no file is lost until the next take; it is nobody else's.
  if (order_.file_numbers->load() + 1 >= order_.max_files) {
    ++dropped_;
    if (!std::exchange(told_used_up_, true)) events_(FilesUsedUp{order_.recording, order_.take, order_.approval});
    return boost::outcome_v2::success();
  }
  BOOST_OUTCOME_TRY(next_, create_file(codec));
  next_released_ = false;
  events_(TrackPrepared{order_.recording, order_.take, next_->prepared()});
  return boost::outcome_v2::success();
}

/// It was prepared for a codec that is gone before its first key frame; its statement stands, so it is told as empty.
Result<void> TrackWriter::give_up_next() {
  BOOST_OUTCOME_TRY(auto finished, next_->finish(permit_->opened_at_ns(), 0));
  finished_.push_back(std::move(finished));
  next_.reset();
  return boost::outcome_v2::success();
}

/// The new file starts with a key frame if it has video at all; if none comes in time, with what there is.
bool TrackWriter::may_switch(const Frame& frame) const {
  if (!next_ || !next_released_ || !can_hold(next_->context().container, frame.codec)) return false;
  if (frame.stream == Stream::video) return frame.type == FrameType::key;
  if (current_->has(Stream::audio)) return false;  // the new stream is the video
  return Clock::now() >= released_at_ + config_.header_wait;
}

Result<void> TrackWriter::switch_files(const Frame& frame) {
  if (!current_->is_open()) {
    BOOST_OUTCOME_TRY(open_file());  // what waited for it
  }
  StreamSet streams = current_->streams();
  if (frame.stream == Stream::video) {
    streams.video = video_format(frame);
    streams.audio = streams.audio || source_.publishes(Stream::audio);
  } else {
    streams = StreamSet{.audio = true, .video = std::nullopt};
  }
  BOOST_OUTCOME_TRY(next_->open_streams(streams, frame.pts_ns));
  BOOST_OUTCOME_TRY(next_->write(frame));
  BOOST_OUTCOME_TRY(next_->flush());
  auto finished = current_->finish(permit_->opened_at_ns(), std::exchange(dropped_, 0));
  if (!finished) return finished.error();
  finished_.push_back(std::move(finished.value()));
  current_ = std::move(next_);
  return boost::outcome_v2::success();
}

// ---- disk

/// A file for this codec and for the video that is published now.
Result<std::unique_ptr<TrackFile>> TrackWriter::create_file(Codec codec) {
  const Container container = container_for(source_.publishes(Stream::video).value_or(codec));
  const FileContext context{order_.recording, order_.take,
                            order_.approval,  order_.file_numbers->fetch_add(1) + 1,
                            order_.kinds,     can_hold(container, codec) ? container : container_for(codec)};
  BOOST_OUTCOME_TRY(auto file, TrackFile::create(blobs_, order_.recipient, context));
  names_.push_back(track_file_name(context));
  return file;
}

void TrackWriter::flush() {
  last_flush_ = Clock::now();
  if (condition_ == Condition::faulty || !current_ || !current_->has_media()) return;
  if (const auto flushed = current_->flush(); !flushed) {
    fault(flushed.error());
    return;
  }
  if (first_sealed_ || !current_->has_sealed_media()) return;
  first_sealed_ = true;
  events_(FirstFrameSealed{order_.recording, order_.take, order_.approval, monotonic_ns()});
}

void TrackWriter::fault(const Error& error) {
  if (std::exchange(condition_, Condition::faulty) == Condition::faulty) return;
  dropped_ += pending_.size();
  pending_.clear();
  if (current_) {
    finished_.push_back(current_->abandon(std::exchange(dropped_, 0)));
    if (finished_.back().empty) (void)current_->erase();  // nothing in it is worth keeping
  }
  current_.reset();
  if (next_) (void)next_->erase();  // no media is in it
  next_.reset();
  if (error.code == Errc::bad_media)
    events_(TrackGivenUp{order_.recording, order_.take, order_.approval, error.text});
  else
    events_(Fault{order_.recording, order_.take, order_.approval, error.text});
}

std::vector<SealedTrackFile> TrackWriter::finish_files() {
  if (condition_ == Condition::sound && !pending_.empty()) {
    if (const auto opened = open_file(); !opened) fault(opened.error());
  }
  if (next_) (void)next_->erase();
  next_.reset();
  if (current_) {
    auto finished = current_->finish(permit_ ? permit_->opened_at_ns() : 0, std::exchange(dropped_, 0));
    if (finished) {
      finished_.push_back(std::move(finished.value()));
      current_.reset();
    } else {
      fault(finished.error());
    }
  }
  // After a fault, too: of what this track lost the seal says how much.
  if (!finished_.empty()) finished_.back().dropped += std::exchange(dropped_, 0);
  return std::move(finished_);
}

Result<std::vector<std::string>> TrackWriter::erase_files() {
  std::optional<Error> failed;
  for (const auto& file : {std::ref(current_), std::ref(next_)}) {
    if (!file.get()) continue;
    if (const auto erased = file.get()->erase(); !erased) failed = erased.error();
    file.get().reset();
  }
  // Files of this take that are finished or abandoned already.
  for (const std::string& name : names_) {
    if (const auto erased = blobs_.erase(order_.recording.hex(), name); !erased) failed = Error(erased.error());
  }
  if (failed) return *failed;
  return std::move(names_);
}

}  // namespace unavoce::recorder
