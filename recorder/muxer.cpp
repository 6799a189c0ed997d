#include "recorder/muxer.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "crypto/secret.hpp"
#include "recorder/av_ptr.hpp"

namespace unavoce::recorder {

/// Declared in the order of need: the context is freed before the I/O it points to.
struct Muxer::State {
  ByteSink sink;
  std::optional<Error> sink_error;
  AvPtr<AVIOContext> io;
  AvPtr<AVFormatContext> context;
  AvPtr<AVPacket> packet;
  std::array<int, 2> index{-1, -1};  // by Stream
  std::array<std::int64_t, 2> last_ms{-1, -1};
};

namespace {

constexpr int io_buffer_bytes = 32 * 1024;

/// libavformat's write callback. All or AVERROR: a short count would be taken for success. No exception may leave it.
int write_bytes(void* opaque, std::uint8_t* data, int size) noexcept {
  auto& state = *static_cast<Muxer::State*>(opaque);
  if (state.sink_error) return AVERROR(EIO);
  try {
    auto written = state.sink({data, static_cast<std::size_t>(size)});
    crypto::wipe({data, static_cast<std::size_t>(size)});  // the muxed plaintext in the I/O buffer
    if (written) return size;
    state.sink_error = written.error();
  } catch (const std::exception& e) {
    state.sink_error = Error{Errc::sealing, std::string("Writing muxed media failed: ") + e.what()};
  }
  return AVERROR(EIO);
}

/// libavformat 5.1 reports errors in three places: the return value, pb->error, and not at all (with ENOSPC in the
/// callback av_write_trailer returned 0). Looked at after every call.
Result<void> check(const Muxer::State& state, int code, const char* call) {
  if (state.sink_error) return *state.sink_error;
  const int error = code < 0 ? code : state.context->pb->error;
  if (error >= 0) return boost::outcome_v2::success();
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  // Not ours: the sink's errors are told above, and what it cannot make is no memory.
  const Errc whose = error == AVERROR(ENOMEM) || error == AVERROR(EIO) ? Errc::muxing : Errc::bad_media;
  return Error{whose, std::string("The muxer failed in ") + call + ": " + text.data()};
}

AVStream* add_stream(Muxer::State& state, Stream stream, AVMediaType type, AVCodecID codec) {
  AVStream* added = avformat_new_stream(state.context.get(), nullptr);
  if (added == nullptr) return nullptr;
  state.index[static_cast<std::size_t>(stream)] = added->index;
  added->codecpar->codec_type = type;
  added->codecpar->codec_id = codec;
  added->time_base = {1, 1000};
  return added;
}

/// A copy of `bytes` in memory that libavformat frees, with the zeros behind it that it wants.
bool set_extradata(AVCodecParameters* par, std::span<const std::uint8_t> bytes) {
  par->extradata = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (par->extradata == nullptr) return false;
  std::copy(bytes.begin(), bytes.end(), par->extradata);
  par->extradata_size = static_cast<int>(bytes.size());
  return true;
}

bool add_audio(Muxer::State& state) {
  AVStream* stream = add_stream(state, Stream::audio, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_OPUS);
  if (stream == nullptr) return false;
  AVCodecParameters* par = stream->codecpar;
  par->sample_rate = 48000;
  av_channel_layout_default(&par->ch_layout, 2);
  return set_extradata(par, opus_head());
}

AVCodecID id_of(Codec codec) {
  switch (codec) {
    case Codec::opus:
      return AV_CODEC_ID_OPUS;
    case Codec::vp8:
      return AV_CODEC_ID_VP8;
    case Codec::vp9:
      return AV_CODEC_ID_VP9;
    case Codec::h264:
      return AV_CODEC_ID_H264;
    case Codec::av1:
      return AV_CODEC_ID_AV1;
  }
  return AV_CODEC_ID_NONE;
}

bool add_video(Muxer::State& state, const VideoFormat& format) {
  AVStream* stream = add_stream(state, Stream::video, AVMEDIA_TYPE_VIDEO, id_of(format.codec));
  if (stream == nullptr) return false;
  stream->codecpar->width = format.size.width;
  stream->codecpar->height = format.size.height;
  // Annex B here makes the muxer write avcC and give every NAL unit a length in place of its start code. Parameter sets
  // stay in the stream as well, so that a later key frame may bring others. A finished av1C is written as it is: what
  // libavformat's own reading of a sequence header would refuse cannot end the file.
  return format.extra_data.empty() || set_extradata(stream->codecpar, format.extra_data);
}

bool attach_io(Muxer::State& state) {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(io_buffer_bytes));
  if (buffer == nullptr) return false;
  // No seek function: a failing seek would break Matroska's trailer.
  state.io = adopt(avio_alloc_context(buffer, io_buffer_bytes, 1, &state, nullptr, write_bytes, nullptr));
  if (!state.io) {
    av_free(buffer);
    return false;
  }
  state.context->pb = state.io.get();
  state.context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;  // bit-exact: no library version, no date
  // The filter that it would put before VP9 refuses some sequences of frames: a sender could end the file with that.
  state.context->flags &= ~AVFMT_FLAG_AUTO_BSF;
  return true;
}

}  // namespace

Muxer::Muxer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Muxer::~Muxer() {
  if (state_->io && state_->io->buffer != nullptr) {
    crypto::wipe({state_->io->buffer, static_cast<std::size_t>(state_->io->buffer_size)});
  }
}

Result<std::unique_ptr<Muxer>> Muxer::open(Container container, const StreamSet& streams, ByteSink sink) {
  auto owned = std::make_unique<State>();
  State& state = *owned;
  state.sink = std::move(sink);
  AVFormatContext* context = nullptr;
  avformat_alloc_output_context2(&context, nullptr, container == Container::webm ? "webm" : "matroska", nullptr);
  state.context = adopt(context);
  state.packet = adopt(av_packet_alloc());
  const Error out_of_memory{Errc::muxing,
                            "The muxer cannot be made: out of memory, or libavformat lacks webm or matroska."};
  if (!state.context || !state.packet || !attach_io(state)) return out_of_memory;
  if (streams.video && !add_video(state, *streams.video)) return out_of_memory;
  if (streams.audio && !add_audio(state)) return out_of_memory;

  AVDictionary* options = nullptr;
  av_dict_set(&options, "cluster_time_limit", "500", 0);
  // Interleaving would hold frames back; we write in the order of arrival and each stream ascends.
  const int code = avformat_write_header(state.context.get(), &options);
  av_dict_free(&options);
  BOOST_OUTCOME_TRY(check(state, code, "write_header"));
  avio_flush(state.context->pb);
  BOOST_OUTCOME_TRY(check(state, 0, "write_header"));
  return std::make_unique<Muxer>(std::move(owned));
}

Result<std::int64_t> Muxer::write(const Frame& frame, std::int64_t at_ms) {
  const auto stream = static_cast<std::size_t>(frame.stream);
  if (state_->index[stream] < 0) return Error{Errc::muxing, "A frame of a stream that the file does not have."};
  const std::int64_t used_ms = std::max(at_ms, state_->last_ms[stream] + 1);
  state_->last_ms[stream] = used_ms;

  AVPacket* packet = state_->packet.get();
  av_packet_unref(packet);
  // The muxer copies what it keeps (av_write_frame does not take over data without a buffer reference).
  packet->data = const_cast<std::uint8_t*>(frame.bytes.view().data());
  packet->size = static_cast<int>(frame.bytes.size());
  packet->stream_index = state_->index[stream];
  const AVRational milliseconds{1, 1000};
  const AVStream* target = state_->context->streams[packet->stream_index];
  packet->pts = packet->dts = av_rescale_q(used_ms, milliseconds, target->time_base);
  if (frame.type == FrameType::key) packet->flags |= AV_PKT_FLAG_KEY;
  BOOST_OUTCOME_TRY(check(*state_, av_write_frame(state_->context.get(), packet), "write_frame"));
  return used_ms;
}

Result<void> Muxer::flush() {
  BOOST_OUTCOME_TRY(check(*state_, av_write_frame(state_->context.get(), nullptr), "flush"));
  avio_flush(state_->context->pb);
  return check(*state_, 0, "flush");
}

Result<void> Muxer::finish() {
  BOOST_OUTCOME_TRY(check(*state_, av_write_trailer(state_->context.get()), "write_trailer"));
  avio_flush(state_->context->pb);
  return check(*state_, 0, "write_trailer");
}

}  // namespace unavoce::recorder
