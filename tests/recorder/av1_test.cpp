// What is read of AV1 bitstreams. The samples are sequence headers of libaom, with the av1C that libavformat makes of
// each in an MP4 file.
#include "recorder/av1.hpp"

#include <catch2/catch.hpp>

#include "crypto/bytes.hpp"

using namespace unavoce::recorder;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes hex(const std::string& digits) {
  return unavoce::crypto::from_hex(digits).value();
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Bytes sequence = hex("0a0b000000043cffbcdaf90040");  // 320×240, profile 0
const Bytes key{0x32, 3, 0x10, 0x00, 0x84};                // a frame OBU: key frame, shown
const Bytes delta{0x32, 3, 0x30, 0x00, 0x84};              // inter frame, shown

struct Sample {
  std::string sequence_header;
  std::string codec_record;  // its first four bytes
  int width;
  int height;
};

}  // namespace

TEST_CASE("an AV1 file's header repeats what the sequence header says", "[av1]") {
  const auto sample = GENERATE(Sample{"0a0b000000043cffbcdaf90040", "81000c00", 320, 240},
                               Sample{"0a0b0000002d4cffb3cdaf9004", "81050c00", 1280, 720},
                               Sample{"0a0b0000000cc5036936be5010", "81014c00", 642, 362},  // 10 bit
                               Sample{"0a0f00000062efbfe1bddaf9101010"
                                      "1040",
                                      "810c0c00", 3840, 2160},                          // BT.709
                               Sample{"0a0618157fbda008", "81000c00", 64, 48},          // still picture
                               Sample{"0a0a20000002aff79b5f2840", "81204000", 64, 48},  // 4:4:4
                               Sample{"0a0a40000002aff79b5f2c44", "81406800", 64, 48},  // 4:2:2, 12 bit
                               Sample{"0a0a00000002aff79b5f2540", "81001c00", 64, 48},  // grey
                               Sample{"0a0938157fbda404340080", "81200000", 64, 48});   // RGB
  CAPTURE(sample.sequence_header);
  const Bytes header = hex(sample.sequence_header);
  const auto start = av1_start(joined({header, key}));
  REQUIRE(start);
  CHECK(start->size.width == sample.width);
  CHECK(start->size.height == sample.height);
  CHECK(start->codec_record == joined({hex(sample.codec_record), header}));
}

TEST_CASE("decoding starts with a sequence header and a key frame that is shown, with nothing else", "[av1]") {
  CHECK(av1_start(joined({sequence, key})));
  CHECK(av1_start(joined({{0x2a, 2, 0x08, 0x80}, sequence, {0x1a, 1, 0x10}, {0x22, 1, 0}})));  // header, then tiles
  CHECK_FALSE(av1_start(key));
  CHECK_FALSE(av1_start(sequence));
  CHECK_FALSE(av1_start(joined({key, sequence})));
  CHECK_FALSE(av1_start(joined({sequence, delta})));
  CHECK_FALSE(av1_start(joined({sequence, delta, key})));
  CHECK_FALSE(av1_start(joined({sequence, {0x32, 1, 0x00}})));  // key frame, not shown yet
  CHECK_FALSE(av1_start(joined({sequence, {0x1a, 1, 0x90}})));  // shows an existing frame
  CHECK_FALSE(av1_start(joined({sequence, {0x32, 0}})));        // no header in it
  CHECK_FALSE(av1_start({}));
}

TEST_CASE("a sequence header that is cut off, of an unknown profile or too long starts nothing", "[av1]") {
  for (std::uint8_t size = 0; size < 10; ++size) {
    Bytes cut(sequence.begin(), sequence.begin() + 2 + size);
    cut[1] = size;
    CAPTURE(int{size});
    CHECK_FALSE(av1_start(joined({cut, key})));
  }
  Bytes unknown = sequence;
  unknown[2] = 0x60;
  CHECK_FALSE(av1_start(joined({unknown, key})));
  Bytes stuffed{0x0a, 0x88, 0x27};  // 5000 bytes
  stuffed.insert(stuffed.end(), sequence.begin() + 2, sequence.end());
  stuffed.resize(3 + 5000);
  CHECK_FALSE(av1_start(joined({stuffed, key})));
}

TEST_CASE("a temporal unit is read only if its OBUs fill it exactly", "[av1]") {
  CHECK(obus(joined({sequence, key}))->size() == 2);
  CHECK(obus({})->empty());
  CHECK(obus(Bytes{0x36, 0x08, 1, 0xff})->front().payload.size() == 1);  // with an extension
  CHECK_FALSE(obus(Bytes{0x32, 3, 0x10, 0x00}));                         // longer than there is
  CHECK_FALSE(obus(Bytes{0x30, 0x10}));                                  // no size
  CHECK_FALSE(obus(Bytes{0xb2, 1, 0x10}));                               // forbidden bit
  CHECK_FALSE(obus(Bytes{0x36}));
  CHECK_FALSE(obus(Bytes{0x32}));
}

TEST_CASE("leb128 numbers are read in every form and written in the shortest", "[av1]") {
  const auto read = [](const Bytes& bytes) {
    std::span<const std::uint8_t> rest(bytes);
    return take_leb128(rest);
  };
  CHECK(read({0x00}) == 0);
  CHECK(read({0x80, 0x80, 0x00}) == 0);  // longer than it need be
  CHECK(read({0xe5, 0x8e, 0x26}) == 624485);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}) == UINT32_MAX);
  CHECK_FALSE(read({0x80, 0x80, 0x80, 0x80, 0x10}));                          // 2^32
  CHECK_FALSE(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}));  // nine bytes
  CHECK_FALSE(read({0x80}));
  CHECK_FALSE(read({}));
  for (const std::uint32_t value : {0U, 127U, 128U, 16383U, 16384U, UINT32_MAX}) {
    Bytes out;
    append_leb128(out, value);
    CHECK(out.size() == leb128_size(value));
    CHECK(read(out) == value);
  }
}
