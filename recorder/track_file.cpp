#include "recorder/track_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "recorder/monotonic.hpp"

namespace unavoce::recorder {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t max_capture_offsets = 256;
/// A sender report that moves a file by more than this is not believed: lip-sync and jitter are far below.
constexpr std::int64_t max_correction_ns = 500 * ns_per_ms;

std::int64_t rounded_ms(std::int64_t ns) {
  return (ns + (ns >= 0 ? ns_per_ms / 2 : -ns_per_ms / 2)) / ns_per_ms;
}

}  // namespace

std::string track_file_name(const FileContext& context) {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "t%03u-%s-f%03u.%s.age", context.take,
                context.approval.hex().substr(0, 16).c_str(), context.file, ending_of(context.container).data());
  return name.data();
}

bool is_track_file_of(const std::string& name, std::optional<std::uint32_t> take,
                      const consent::StatementId& approval) {
  std::array<char, 16> beginning{};
  if (take) std::snprintf(beginning.data(), beginning.size(), "t%03u-", *take);
  return name.starts_with(beginning.data()) &&
         name.find("-" + approval.hex().substr(0, 16) + "-f") != std::string::npos;
}

TrackFile::TrackFile(SealedSink sink, FileContext context) : sink_(std::move(sink)), context_(std::move(context)) {}

Result<std::unique_ptr<TrackFile>> TrackFile::create(storage::BlobStore& blobs, const crypto::Recipient& recipient,
                                                     const FileContext& context) {
  const crypto::TrackContext sealed_context{context.recording.hex(), context.take, context.approval.hex(),
                                            context.file};
  BOOST_OUTCOME_TRY(auto sink, SealedSink::create(blobs, context.recording.hex(), track_file_name(context), recipient,
                                                  sealed_context));
  return std::make_unique<TrackFile>(std::move(sink), context);
}

PreparedTrack TrackFile::prepared() const {
  return {context_.approval, context_.file, track_file_name(context_), context_.kinds, sink_.header_sha256()};
}

Result<void> TrackFile::open_streams(const StreamSet& streams, std::int64_t zero_ns) {
  streams_ = streams;
  zero_ns_ = zero_ns;
  BOOST_OUTCOME_TRY(muxer_, Muxer::open(context_.container, streams,
                                        [this](std::span<const std::uint8_t> bytes) { return sink_.write(bytes); }));
  header_bytes_ = sink_.taken();
  return boost::outcome_v2::success();
}

Result<void> TrackFile::write(const Frame& frame) {
  const std::int64_t wanted_ms = std::max<std::int64_t>(0, rounded_ms(frame.pts_ns - zero_ns_));
  BOOST_OUTCOME_TRY(const std::int64_t at_ms, muxer_->write(frame, wanted_ms));
  const std::int64_t duration_ms =
      frame.stream == Stream::audio ? opus_duration_us(frame.bytes.view()).value_or(0) / 1000 : 0;
  if (!first_ms_) first_ms_ = at_ms;
  first_ms_ = std::min(*first_ms_, at_ms);
  last_ms_ = std::max(last_ms_, at_ms);
  end_ms_ = std::max(end_ms_, at_ms + duration_ms);
  last_arrival_ns_ = std::max(last_arrival_ns_, frame.last_arrival_ns);
  ++(frame.stream == Stream::audio ? frames_audio_ : frames_video_);
  if (frame.capture_ns && capture_offsets_ns_.size() < max_capture_offsets) {
    capture_offsets_ns_.push_back(*frame.capture_ns - frame.pts_ns);
  }
  return boost::outcome_v2::success();
}

Result<void> TrackFile::flush() {
  if (!muxer_) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(muxer_->flush());
  return sink_.sync_tail();
}

/// Where time zero lies after the take's start. pts follows arrivals; sender reports, once known, correct it, also for
/// what came before them, by the median difference, so that the tracks of different people line up.
std::int64_t TrackFile::offset_ns(std::int64_t take_start_ns) const {
  std::int64_t correction_ns = 0;
  if (!capture_offsets_ns_.empty()) {
    auto sorted = capture_offsets_ns_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    if (std::abs(*middle) <= max_correction_ns) correction_ns = *middle;
  }
  return zero_ns_ + correction_ns - take_start_ns;
}

SealedTrackFile TrackFile::account(std::uint64_t dropped) const {
  SealedTrackFile account;
  account.name = track_file_name(context_);
  account.approval = context_.approval;
  account.file = context_.file;
  account.header_sha256 = sink_.header_sha256();
  account.empty = !has_media();
  account.dropped = dropped;
  if (account.empty) return account;
  // The order in which the muxer numbered them.
  if (streams_.video) account.codecs.emplace_back(name_of(streams_.video->codec));
  if (streams_.audio) account.codecs.emplace_back(name_of(Codec::opus));
  account.first_ms = first_ms_.value_or(0);
  account.last_ms = last_ms_;
  account.duration_ms = std::max(end_ms_, last_ms_) - account.first_ms;
  account.last_arrival_ms = wall_ms_at(last_arrival_ns_);
  account.frames_audio = frames_audio_;
  account.frames_video = frames_video_;
  return account;
}

Result<SealedTrackFile> TrackFile::finish(std::int64_t take_start_ns, std::uint64_t dropped) {
  SealedTrackFile result = account(dropped);
  if (result.empty) {
    muxer_.reset();
    BOOST_OUTCOME_TRY(sink_.erase());
    return result;
  }
  BOOST_OUTCOME_TRY(muxer_->finish());
  muxer_.reset();
  BOOST_OUTCOME_TRY(const SealedSize size, sink_.finish());
  result.size_bytes = size.size_bytes;
  result.sha256 = size.sha256;
  result.offset_ms = rounded_ms(offset_ns(take_start_ns));
  return result;
}

SealedTrackFile TrackFile::abandon(std::uint64_t dropped) noexcept {
  muxer_.reset();
  sink_.abandon();
  return account(dropped);
}

Result<void> TrackFile::erase() {
  muxer_.reset();
  return sink_.erase();
}

}  // namespace unavoce::recorder
