#include "recorder/av1.hpp"

#include "recorder/bit_reader.hpp"

namespace unavoce::recorder {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// Some dozen bytes are usual; longer ones are not believed.
constexpr std::size_t max_sequence_header = 4096;

/// The fields of a sequence header that av1C repeats, and what the others hang on.
struct Sequence {
  std::uint32_t profile = 0;
  bool reduced_still_picture = false;
  std::uint32_t level = 0;  // of the first operating point
  std::uint32_t tier = 0;
  PictureSize size;
  std::uint32_t high_bitdepth = 0;
  std::uint32_t twelve_bit = 0;
  std::uint32_t monochrome = 0;
  std::uint32_t subsampling_x = 0;
  std::uint32_t subsampling_y = 0;
  std::uint32_t sample_position = 0;
};

struct DecoderModel {
  bool present = false;
  int buffer_delay_length = 0;
};

DecoderModel read_timing(BitReader& in) {
  DecoderModel model;
  if (in.bit() == 0) return model;  // timing_info_present_flag
  in.skip(64);                      // num_units_in_display_tick, time_scale
  if (in.bit() == 1) in.exp_golomb();
  if (in.bit() == 0) return model;  // decoder_model_info_present_flag
  model.present = true;
  model.buffer_delay_length = static_cast<int>(in.bits(5)) + 1;
  in.skip(32 + 5 + 5);
  return model;
}

void read_operating_points(BitReader& in, Sequence& sequence) {
  const DecoderModel model = read_timing(in);
  const bool display_delay = in.bit() == 1;
  const std::uint32_t count = in.bits(5) + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    in.skip(12);  // operating_point_idc
    const std::uint32_t level = in.bits(5);
    const std::uint32_t tier = level > 7 ? in.bit() : 0;
    if (i == 0) {
      sequence.level = level;
      sequence.tier = tier;
    }
    if (model.present && in.bit() == 1) in.skip(2 * model.buffer_delay_length + 1);
    if (display_delay && in.bit() == 1) in.skip(4);
  }
}

void skip_tools(BitReader& in, const Sequence& sequence) {
  if (!sequence.reduced_still_picture && in.bit() == 1) in.skip(4 + 3);  // frame ids
  in.skip(3);                                                            // superblock size, two intra tools
  if (!sequence.reduced_still_picture) {
    in.skip(4);  // four inter tools
    const bool order_hint = in.bit() == 1;
    if (order_hint) in.skip(2);
    const bool screen_content = in.bit() == 1 || in.bit() == 1;  // chosen per frame, or always
    if (screen_content && in.bit() == 0) in.skip(1);             // integer motion vectors
    if (order_hint) in.skip(3);
  }
  in.skip(3);  // superres, cdef, restoration
}

void read_color(BitReader& in, Sequence& sequence) {
  sequence.high_bitdepth = in.bit();
  if (sequence.profile == 2 && sequence.high_bitdepth == 1) sequence.twelve_bit = in.bit();
  if (sequence.profile != 1) sequence.monochrome = in.bit();
  constexpr std::uint32_t srgb = 1 << 16 | 13 << 8 | 0;  // primaries, transfer, matrix
  const bool described = in.bit() == 1;
  const std::uint32_t color = described ? in.bits(24) : 0;
  sequence.subsampling_x = sequence.subsampling_y = sequence.monochrome;
  if (sequence.monochrome == 1 || (described && color == srgb)) return;
  in.skip(1);  // color_range
  if (sequence.profile == 0) {
    sequence.subsampling_x = sequence.subsampling_y = 1;
  } else if (sequence.profile == 2) {
    sequence.subsampling_x = sequence.twelve_bit == 1 ? in.bit() : 1;
    sequence.subsampling_y = sequence.twelve_bit == 1 && sequence.subsampling_x == 1 ? in.bit() : 0;
  }
  if (sequence.subsampling_x == 1 && sequence.subsampling_y == 1) sequence.sample_position = in.bits(2);
}

std::optional<Sequence> read_sequence(Bytes payload) {
  if (payload.size() > max_sequence_header) return std::nullopt;
  BitReader in(payload);
  Sequence sequence;
  sequence.profile = in.bits(3);
  in.skip(1);  // still_picture
  sequence.reduced_still_picture = in.bit() == 1;
  if (sequence.reduced_still_picture) {
    sequence.level = in.bits(5);
  } else {
    read_operating_points(in, sequence);
  }
  const int width_bits = static_cast<int>(in.bits(4)) + 1;
  const int height_bits = static_cast<int>(in.bits(4)) + 1;
  sequence.size.width = static_cast<int>(in.bits(width_bits)) + 1;
  sequence.size.height = static_cast<int>(in.bits(height_bits)) + 1;
  skip_tools(in, sequence);
  read_color(in, sequence);
  if (in.failed() || sequence.profile > 2) return std::nullopt;
  return sequence;
}

std::vector<std::uint8_t> codec_record(const Sequence& sequence, Bytes sequence_header) {
  const auto byte = [](std::uint32_t bits) { return static_cast<std::uint8_t>(bits); };
  std::vector<std::uint8_t> record{
      0x81,  // marker, version 1
      byte(sequence.profile << 5 | sequence.level),
      byte(sequence.tier << 7 | sequence.high_bitdepth << 6 | sequence.twelve_bit << 5 | sequence.monochrome << 4 |
           sequence.subsampling_x << 3 | sequence.subsampling_y << 2 | sequence.sample_position),
      0x00,  // no presentation delay told
  };
  record.insert(record.end(), sequence_header.begin(), sequence_header.end());
  return record;
}

bool is_shown_key_frame(Bytes frame_header, const Sequence& sequence) {
  if (sequence.reduced_still_picture) return true;
  BitReader in(frame_header);
  const bool shows_existing = in.bit() == 1;
  const std::uint32_t type = in.bits(2);
  const bool shown = in.bit() == 1;
  return !in.failed() && !shows_existing && type == 0 && shown;
}

}  // namespace

ObuHeader obu_header(std::uint8_t byte) {
  return {(byte & 0x80) != 0, static_cast<ObuType>(byte >> 3 & 0x0f), (byte & 0x04) != 0, (byte & 0x02) != 0};
}

std::optional<std::uint32_t> take_leb128(Bytes& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
    value |= std::uint64_t{bytes[i] & 0x7fU} << 7 * i;
    if ((bytes[i] & 0x80) != 0) continue;
    bytes = bytes.subspan(i + 1);
    return value <= UINT32_MAX ? std::optional(static_cast<std::uint32_t>(value)) : std::nullopt;
  }
  return std::nullopt;
}

std::size_t leb128_size(std::uint32_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void append_leb128(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::optional<std::vector<Obu>> obus(Bytes temporal_unit) {
  std::vector<Obu> found;
  while (!temporal_unit.empty()) {
    const ObuHeader header = obu_header(temporal_unit[0]);
    const std::size_t header_bytes = header.has_extension ? 2 : 1;
    if (header.forbidden || !header.has_size || temporal_unit.size() < header_bytes) return std::nullopt;
    Bytes rest = temporal_unit.subspan(header_bytes);
    const auto size = take_leb128(rest);
    if (!size || *size > rest.size()) return std::nullopt;
    const Bytes payload = rest.first(*size);
    rest = rest.subspan(*size);
    found.push_back({header.type, temporal_unit.first(temporal_unit.size() - rest.size()), payload});
    temporal_unit = rest;
  }
  return found;
}

std::optional<Av1Start> av1_start(Bytes temporal_unit) {
  const auto units = obus(temporal_unit);
  if (!units) return std::nullopt;
  std::optional<Sequence> sequence;
  Bytes sequence_header;
  for (const Obu& obu : *units) {
    if (obu.type == ObuType::sequence_header) {
      sequence = read_sequence(obu.payload);
      sequence_header = obu.whole;
      if (!sequence) return std::nullopt;
    }
    if (obu.type != ObuType::frame && obu.type != ObuType::frame_header) continue;
    if (!sequence || !is_shown_key_frame(obu.payload, *sequence)) return std::nullopt;
    return Av1Start{sequence->size, codec_record(*sequence, sequence_header)};
  }
  return std::nullopt;
}

}  // namespace unavoce::recorder
