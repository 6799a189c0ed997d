#include "recorder/h264.hpp"

#include <algorithm>
#include <array>

#include "recorder/bit_reader.hpp"

namespace unavoce::recorder {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr int nal_idr = 5;
constexpr int nal_sps = 7;
constexpr int nal_pps = 8;
/// Parameter sets have some dozen bytes; longer ones are not believed. avcC takes up to 65535.
constexpr std::size_t max_parameter_set = 4096;
constexpr std::size_t max_parameter_sets = 8 * 1024;
/// Of different ids. Senders have one or two; avcC takes 31 and 255 (libavformat's ff_isom_write_avcc).
constexpr std::size_t max_sps = 16;
constexpr std::size_t max_pps = 64;

int type_of(Bytes nal) {
  return nal.empty() ? 0 : nal[0] & 0x1f;
}

bool is_parameter_set(Bytes nal) {
  return (type_of(nal) == nal_sps || type_of(nal) == nal_pps) && nal.size() <= max_parameter_set;
}

/// A NAL unit's content without its header byte and without emulation prevention bytes (7.3.1).
std::vector<std::uint8_t> rbsp_of(Bytes nal) {
  std::vector<std::uint8_t> out;
  int zeros = 0;
  for (const std::uint8_t byte : nal.subspan(1)) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back(byte);
  }
  return out;
}

/// seq_parameter_set_id or pic_parameter_set_id, which stands among the first bytes; nullopt if it cannot be read.
std::optional<std::uint32_t> id_of(Bytes parameter_set) {
  const auto rbsp = rbsp_of(parameter_set.first(std::min<std::size_t>(parameter_set.size(), 16)));
  BitReader in(rbsp);
  if (type_of(parameter_set) == nal_sps) in.skip(24);  // profile, constraints, level
  const std::uint32_t id = in.exp_golomb();
  if (in.failed()) return std::nullopt;
  return id;
}

/// One set of each id, the newest: a sender may repeat them without end. Annex B. False if it is too much, or no set.
bool keep_newest(std::vector<std::uint8_t>& sets, Bytes added) {
  const auto id = id_of(added);
  if (!id) return false;
  std::vector<std::uint8_t> kept;
  const auto append = [&kept](Bytes nal) {
    kept.insert(kept.end(), {0, 0, 0, 1});
    kept.insert(kept.end(), nal.begin(), nal.end());
  };
  std::size_t of_this_type = 1;
  for (const Bytes nal : nal_units(sets)) {
    if (type_of(nal) == type_of(added) && id_of(nal) == id) continue;
    if (type_of(nal) == type_of(added)) ++of_this_type;
    append(nal);
  }
  append(added);
  const bool is_sps = type_of(added) == nal_sps;
  if (of_this_type > (is_sps ? max_sps : max_pps) || kept.size() > max_parameter_sets) return false;
  sets = std::move(kept);
  return true;
}

void skip_scaling_list(BitReader& in, int count) {
  std::int32_t last = 8;
  std::int32_t next = 8;
  for (int i = 0; i < count && !in.failed(); ++i) {
    // Modulo 256 (7-8); a delta out of range must not overflow.
    if (next != 0) next = (last + (in.signed_exp_golomb() & 0xff)) & 0xff;
    if (next != 0) last = next;
  }
}

/// The fields that only the profiles from High on have. Returns ChromaArrayType (7.4.2.1.1).
std::uint32_t read_high_profile(BitReader& in) {
  const std::uint32_t chroma_format = in.exp_golomb();
  const bool separate_planes = chroma_format == 3 && in.bit() == 1;
  in.exp_golomb();  // bit depths
  in.exp_golomb();
  in.skip(1);  // qpprime_y_zero_transform_bypass_flag
  if (in.bit() == 1) {
    for (int i = 0; i < (chroma_format == 3 ? 12 : 8) && !in.failed(); ++i) {
      if (in.bit() == 1) skip_scaling_list(in, i < 6 ? 16 : 64);
    }
  }
  return separate_planes ? 0 : chroma_format;
}

void skip_picture_order(BitReader& in) {
  const std::uint32_t type = in.exp_golomb();
  if (type == 0) in.exp_golomb();
  if (type != 1) return;
  in.skip(1);
  in.signed_exp_golomb();
  in.signed_exp_golomb();
  const std::uint32_t cycle = in.exp_golomb();
  for (std::uint32_t i = 0; i < cycle && i < 256 && !in.failed(); ++i) in.signed_exp_golomb();
}

}  // namespace

std::vector<Bytes> nal_units(Bytes unit) {
  std::vector<Bytes> found;
  std::size_t begin = unit.size();  // of the NAL unit we are in; none yet
  const auto end_at = [&](std::size_t end) {
    if (begin >= end) return;
    while (end > begin && unit[end - 1] == 0) --end;  // trailing zeros belong to the next start code
    if (end > begin) found.push_back(unit.subspan(begin, end - begin));
  };
  for (std::size_t i = 0; i + 3 <= unit.size();) {
    if (unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1) {
      end_at(i);
      begin = i += 3;
    } else {
      ++i;
    }
  }
  end_at(unit.size());
  return found;
}

bool h264_starts_anew(Bytes access_unit) {
  return std::ranges::any_of(nal_units(access_unit), [](Bytes nal) { return type_of(nal) == nal_idr; });
}

std::optional<PictureSize> h264_size(Bytes sps) {
  if (type_of(sps) != nal_sps || sps.size() < 4 || sps.size() > max_parameter_set) return std::nullopt;
  const auto rbsp = rbsp_of(sps);
  BitReader in(rbsp);
  constexpr std::array<std::uint32_t, 13> with_chroma{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  const std::uint32_t profile = in.bits(8);
  in.skip(16);      // constraints, level
  in.exp_golomb();  // id
  const bool high = std::ranges::find(with_chroma, profile) != with_chroma.end();
  const std::uint32_t chroma = high ? read_high_profile(in) : 1;
  in.exp_golomb();  // log2_max_frame_num_minus4
  skip_picture_order(in);
  in.exp_golomb();  // max_num_ref_frames
  in.skip(1);       // gaps_in_frame_num_value_allowed_flag
  const std::int64_t columns = std::int64_t{in.exp_golomb()} + 1;
  const std::int64_t rows = std::int64_t{in.exp_golomb()} + 1;
  const bool frames_only = in.bit() == 1;
  in.skip(frames_only ? 1 : 2);  // mb_adaptive_frame_field_flag, direct_8x8_inference_flag
  std::array<std::int64_t, 4> crop{};
  if (in.bit() == 1) {
    for (auto& side : crop) side = in.exp_golomb();
  }
  if (in.failed() || chroma > 3) return std::nullopt;
  const int field = frames_only ? 1 : 2;
  const int unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
  const int unit_y = (chroma == 1 ? 2 : 1) * field;
  const std::int64_t width = 16 * columns - unit_x * (crop[0] + crop[1]);
  const std::int64_t height = 16 * rows * field - unit_y * (crop[2] + crop[3]);
  constexpr std::int64_t max_side = 16384;
  if (width <= 0 || height <= 0 || width > max_side || height > max_side) return std::nullopt;
  return PictureSize{static_cast<int>(width), static_cast<int>(height)};
}

std::optional<H264Start> h264_start(Bytes access_unit) {
  H264Start start;
  bool idr = false;
  bool pps = false;
  std::size_t sets = 0;
  for (const Bytes nal : nal_units(access_unit)) {
    idr = idr || type_of(nal) == nal_idr;
    if (!is_parameter_set(nal)) continue;
    if (type_of(nal) == nal_sps) {
      const auto size = h264_size(nal);
      if (!size) return std::nullopt;
      start.size = *size;
    } else {
      pps = true;
    }
    if (++sets > max_sps + max_pps || !keep_newest(start.parameter_sets, nal)) return std::nullopt;
  }
  if (!idr || !pps || start.size.width == 0) return std::nullopt;
  return start;
}

Bytes H264ParameterSets::missing_from(Bytes access_unit) {
  bool idr = false;
  bool has_sps = false;
  std::size_t sets = 0;
  for (const Bytes nal : nal_units(access_unit)) {
    idr = idr || type_of(nal) == nal_idr;
    if (!is_parameter_set(nal) || ++sets > max_sps + max_pps) continue;
    if (type_of(nal) == nal_sps && !has_sps) known_.clear();  // a new sequence: older sets are not for it
    has_sps = has_sps || type_of(nal) == nal_sps;
    (void)keep_newest(known_, nal);
  }
  return idr && !has_sps ? Bytes(known_) : Bytes();
}

}  // namespace unavoce::recorder
