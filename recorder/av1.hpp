// The few facts about AV1 bitstreams that framing and a muxer need; nothing is decoded.
// Owner: values; views into the bytes they were read from. Thread: any. Errors: nullopt when the bytes are not what
// they should be.
// Sources: AV1 Bitstream & Decoding Process Specification sections 4.10.5 (leb128), 5.3 (OBU), 5.5 (sequence header),
// 5.9.2 (frame header); AV1 Codec ISO Media File Format Binding section 2.3 (av1C); AV1 mapping of Matroska.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "recorder/codec_facts.hpp"

namespace unavoce::recorder {

/// The types of open bitstream units that are looked at; the others are passed on as they are.
enum class ObuType : std::uint8_t {
  sequence_header = 1,
  temporal_delimiter = 2,
  frame_header = 3,
  frame = 6,
  redundant_frame_header = 7,
  tile_list = 8,
  padding = 15,
};

/// The first byte of an OBU.
struct ObuHeader {
  bool forbidden = false;
  ObuType type = ObuType::padding;
  bool has_extension = false;
  bool has_size = false;
};
ObuHeader obu_header(std::uint8_t byte);

/// Takes a leb128 number of up to 32 bits from the front of `bytes`; eight bytes long at most.
std::optional<std::uint32_t> take_leb128(std::span<const std::uint8_t>& bytes);
/// Bytes that the shortest leb128 form of `value` has, and that form.
std::size_t leb128_size(std::uint32_t value);
void append_leb128(std::vector<std::uint8_t>& out, std::uint32_t value);

/// An open bitstream unit within a temporal unit.
struct Obu {
  ObuType type = ObuType::padding;
  std::span<const std::uint8_t> whole;
  std::span<const std::uint8_t> payload;
};

/// The OBUs of a temporal unit in low-overhead form with a size in each; nullopt if they do not fill it exactly.
std::optional<std::vector<Obu>> obus(std::span<const std::uint8_t> temporal_unit);

/// What a file's header needs to know of the temporal unit it begins with.
struct Av1Start {
  PictureSize size;                        ///< the largest that the sequence may have
  std::vector<std::uint8_t> codec_record;  ///< av1C: AV1CodecConfigurationRecord with the sequence header
};

/// nullopt unless decoding can start here: a sequence header, then a key frame that is shown.
std::optional<Av1Start> av1_start(std::span<const std::uint8_t> temporal_unit);

}  // namespace unavoce::recorder
