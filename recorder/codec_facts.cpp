#include "recorder/codec_facts.hpp"

#include "recorder/bit_reader.hpp"

namespace unavoce::recorder {

std::optional<PictureSize> vp8_size(std::span<const std::uint8_t> f) {
  const bool key = f.size() >= 10 && (f[0] & 1) == 0;
  if (!key || f[3] != 0x9d || f[4] != 0x01 || f[5] != 0x2a) return std::nullopt;
  // 14 bits of size, 2 bits of upscaling hint each.
  const PictureSize size{(f[6] | f[7] << 8) & 0x3fff, (f[8] | f[9] << 8) & 0x3fff};
  if (size.width == 0 || size.height == 0) return std::nullopt;
  return size;
}

std::optional<PictureSize> vp9_size(std::span<const std::uint8_t> f) {
  BitReader in(f);
  if (in.bits(2) != 2) return std::nullopt;  // frame_marker
  const std::uint32_t profile = in.bit() | in.bit() << 1;
  if (profile == 3 && in.bit() != 0) return std::nullopt;
  if (in.bit() == 1 || in.bit() == 1) return std::nullopt;  // shows an existing frame, or is no key frame
  in.skip(2);                                               // show_frame, error_resilient_mode
  if (in.bits(24) != 0x498342) return std::nullopt;
  if (profile >= 2) in.skip(1);  // bit depth
  constexpr std::uint32_t srgb = 7;
  const bool odd = profile == 1 || profile == 3;
  if (in.bits(3) != srgb) {
    in.skip(odd ? 4 : 1);  // range, and subsampling
  } else if (odd) {
    in.skip(1);
  } else {
    return std::nullopt;
  }
  const PictureSize size{static_cast<int>(in.bits(16)) + 1, static_cast<int>(in.bits(16)) + 1};
  if (in.failed()) return std::nullopt;
  return size;
}

std::array<std::uint8_t, 19> opus_head() {
  return {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0};
}

std::optional<std::int64_t> opus_duration_us(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  const int config = packet[0] >> 3;
  std::int64_t frame_us = 0;
  if (config < 12) {
    constexpr std::array<std::int64_t, 4> silk{10'000, 20'000, 40'000, 60'000};
    frame_us = silk[static_cast<std::size_t>(config % 4)];
  } else if (config < 16) {
    frame_us = config % 2 == 0 ? 10'000 : 20'000;  // hybrid
  } else {
    frame_us = std::int64_t{2'500} << (config % 4);  // CELT
  }
  const int count_code = packet[0] & 3;
  if (count_code == 0) return frame_us;
  if (count_code != 3) return 2 * frame_us;
  if (packet.size() < 2) return std::nullopt;
  const std::int64_t total_us = frame_us * (packet[1] & 0x3f);
  if (total_us == 0 || total_us > 120'000) return std::nullopt;  // RFC 6716 [R5]
  return total_us;
}

}  // namespace unavoce::recorder
