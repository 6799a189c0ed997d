// What is read of bitstreams, right and wrong ones. The samples are the first bytes of real encoders' key frames.
#include "recorder/codec_facts.hpp"

#include <catch2/catch.hpp>

#include "recorder/h264.hpp"

using namespace unavoce::recorder;
using Bytes = std::vector<std::uint8_t>;

namespace {

void append(Bytes& to, const Bytes& bytes) {
  to.insert(to.end(), {0, 0, 0, 1});
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes access_unit(std::initializer_list<Bytes> nals) {
  Bytes unit;
  for (const Bytes& nal : nals) append(unit, nal);
  return unit;
}

const Bytes idr{0x65, 0x88, 0x84};
const Bytes slice{0x41, 0x9a, 0x02};

const Bytes pps{0x68, 0xce, 0x3c, 0x80};
/// OpenH264, 320×240, profile High; 1920×1080, Constrained Baseline (cropped from 1088 rows).
const Bytes sps_high{0x67, 0x64, 0x0c, 0x0d, 0xac, 0x19, 0x1a, 0x81, 0x41, 0xf2, 0x01, 0xe1, 0x10, 0x8d, 0x40};
const Bytes sps_baseline{0x67, 0x42, 0xc0, 0x28, 0x8c, 0x8d, 0x40, 0x3c,
                         0x01, 0x13, 0xf2, 0xc0, 0x3c, 0x22, 0x11, 0xa8};
/// x264, 640×364 interlaced, with emulation prevention bytes.
const Bytes sps_interlaced{0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xa0, 0x63, 0xf3, 0x60, 0x22, 0x00,
                           0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x78, 0x3e, 0x28, 0x53, 0x2c};

/// A NAL unit of these first bytes and bits.
Bytes nal_of(Bytes bytes, std::string bits) {
  while (bits.size() % 8 != 0) bits += '0';
  for (std::size_t i = 0; i < bits.size(); i += 8)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(bits.substr(i, 8), nullptr, 2)));
  return bytes;
}

std::string exp_golomb(std::uint32_t number) {
  std::string bits;
  for (std::uint32_t rest = number + 1; rest != 0; rest >>= 1u) bits.insert(bits.begin(), (rest & 1u) != 0 ? '1' : '0');
  return std::string(bits.size() - 1, '0') + bits;
}

/// Of 16×16, Baseline.
Bytes sps_of(std::uint32_t id) {
  return nal_of({0x67, 0x42, 0xc0, 0x28}, exp_golomb(id) + "111101111001");
}
Bytes pps_of(std::uint32_t id) {
  return nal_of({0x68}, exp_golomb(id) + "1011001");
}

void check(const std::optional<PictureSize>& size, int width, int height) {
  REQUIRE(size);
  CHECK(size->width == width);
  CHECK(size->height == height);
}

}  // namespace

TEST_CASE("the size of a VP9 picture stands in its key frame") {
  const Bytes key{0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x16, 0x96, 0x14};
  check(vp9_size(key), 640, 362);
  check(vp9_size(Bytes{0xb1, 0x24, 0xc1, 0xa1, 0x50, 0x03, 0xbf, 0x82, 0x1b, 0xb0, 0x41}), 1920, 1080);  // profile 3
  CHECK_FALSE(vp9_size(Bytes{0x86, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x16, 0x96, 0x14}));              // no key frame
  CHECK_FALSE(vp9_size(Bytes{0x82, 0x49, 0x83, 0x43, 0x20, 0x27, 0xf0, 0x16, 0x96, 0x14}));  // other sync code
  for (std::size_t size = 0; size < 9; ++size) CHECK_FALSE(vp9_size(std::span(key).first(size)));
}

TEST_CASE("the size of an H.264 picture stands in its sequence parameter set") {
  check(h264_size(sps_high), 320, 240);
  check(h264_size(sps_baseline), 1920, 1080);
  check(h264_size(sps_interlaced), 640, 364);
  CHECK_FALSE(h264_size(pps));
  for (std::size_t size = 0; size < 9; ++size) CHECK_FALSE(h264_size(std::span(sps_high).first(size)));
  CHECK_FALSE(h264_size(Bytes(20'000, 0x67)));
}

TEST_CASE("an H.264 file begins with an IDR picture that has its parameter sets") {
  const auto start = h264_start(access_unit({sps_high, pps, idr}));
  REQUIRE(start);
  check(start->size, 320, 240);
  CHECK(start->parameter_sets == access_unit({sps_high, pps}));
  CHECK_FALSE(h264_start(access_unit({idr})));
  CHECK_FALSE(h264_start(access_unit({sps_high, idr})));
  CHECK_FALSE(h264_start(access_unit({sps_high, pps, slice})));
  CHECK_FALSE(h264_start(access_unit({{0x67, 0xff}, pps, idr})));
  CHECK_FALSE(h264_start({}));
  CHECK(h264_starts_anew(access_unit({idr})));
  CHECK_FALSE(h264_starts_anew(access_unit({sps_high, pps, slice})));
}

TEST_CASE("of parameter sets that are repeated a header has one, and too many different ones begin no file") {
  Bytes repeated = access_unit({sps_high});
  for (int i = 0; i < 70; ++i) append(repeated, pps);
  append(repeated, idr);
  const auto start = h264_start(repeated);
  REQUIRE(start);
  CHECK(start->parameter_sets == access_unit({sps_high, pps}));

  // libavformat writes no header with 32 of one and 256 of the other.
  const auto begins = [](std::uint32_t sps_count, std::uint32_t pps_count) {
    Bytes unit;
    for (std::uint32_t id = 0; id < sps_count; ++id) append(unit, sps_of(id));
    for (std::uint32_t id = 0; id < pps_count; ++id) append(unit, pps_of(id));
    append(unit, idr);
    return h264_start(unit).has_value();
  };
  CHECK(begins(1, 1));
  CHECK(begins(16, 64));
  CHECK_FALSE(begins(17, 1));
  CHECK_FALSE(begins(1, 65));

  H264ParameterSets sets;
  (void)sets.missing_from(access_unit({sps_high, pps, idr}));
  for (int i = 0; i < 300; ++i) (void)sets.missing_from(access_unit({pps, slice}));
  const auto missing = sets.missing_from(access_unit({idr}));
  CHECK(Bytes(missing.begin(), missing.end()) == access_unit({sps_high, pps}));
}

TEST_CASE("NAL units are found behind long and short start codes, nothing in garbage") {
  CHECK(nal_units(Bytes{0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65}).size() == 3);
  CHECK(nal_units(Bytes{0x67, 1, 2, 3}).empty());
  CHECK(nal_units(Bytes{0, 0, 1}).empty());
  CHECK(nal_units(Bytes{0, 0, 0, 0, 0, 0, 1, 0, 0, 1}).empty());
  CHECK(nal_units({}).empty());
}

TEST_CASE("a key frame without parameter sets gets those that were sent last") {
  H264ParameterSets sets;
  const auto bare = access_unit({idr});
  CHECK(sets.missing_from(bare).empty());  // none known yet
  CHECK(sets.missing_from(access_unit({sps_high, pps, idr})).empty());
  CHECK(sets.missing_from(access_unit({slice})).empty());
  const auto missing = sets.missing_from(bare);
  CHECK(Bytes(missing.begin(), missing.end()) == access_unit({sps_high, pps}));
  (void)sets.missing_from(access_unit({sps_baseline, pps, idr}));
  const auto newer = sets.missing_from(bare);
  CHECK(Bytes(newer.begin(), newer.end()) == access_unit({sps_baseline, pps}));
}
