// RTP packets made by hand, with every combination of the aggregation header's bits, and the temporal units that come
// out.
#include "recorder/av1_depacketizer.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::recorder;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr std::uint8_t z = 0x80;  // goes on with an OBU
constexpr std::uint8_t y = 0x40;  // the last OBU goes on in the next packet
constexpr std::uint8_t n = 0x08;  // a new sequence begins
constexpr std::uint8_t w(int elements) {
  return static_cast<std::uint8_t>(elements << 4);
}

// OBUs as senders put them into packets: without a size.
constexpr std::uint8_t sequence = 0x08, delimiter = 0x10, metadata = 0x28, frame = 0x30, tile_list = 0x40,
                       padding = 0x78;
constexpr std::uint8_t sized = 0x02, extended = 0x04;

/// A depacketizer that has seen the end of a unit, and what it is given next.
struct Sender {
  Av1Depacketizer depacketizer;
  std::uint16_t seq = 65534;  // numbers wrap within every test
  std::uint32_t timestamp = 0xffffff00;

  enum class Marker { absent, present };

  Sender() { send({n | w(1), frame, 0xaa}, Marker::present); }

  Av1Output send(const Bytes& payload, Marker marker) {
    return depacketizer.add({seq++, timestamp, marker == Marker::present, payload});
  }
  Av1Output more(const Bytes& payload) { return send(payload, Marker::absent); }
  Av1Output last(const Bytes& payload) { return send(payload, Marker::present); }
  void next_unit() { timestamp += 3000; }
  void lose_packet() { ++seq; }
};

Bytes only(const Av1Output& out) {
  REQUIRE_FALSE(out.lost);
  REQUIRE(out.units.size() == 1);
  const auto view = out.units[0].bytes.view();
  return {view.begin(), view.end()};
}

void check_nothing(const Av1Output& out) {
  CHECK(out.units.empty());
  CHECK_FALSE(out.lost);
}

void check_lost(const Av1Output& out) {
  CHECK(out.units.empty());
  CHECK(out.lost);
}

}  // namespace

TEST_CASE("an OBU in a packet of its own becomes a temporal unit with a size", "[av1]") {
  Sender sender;
  sender.next_unit();
  CHECK(only(sender.last({w(1), frame, 1, 2, 3})) == Bytes{frame | sized, 3, 1, 2, 3});
}

TEST_CASE("one, two and three elements: all but the last have a length", "[av1]") {
  Sender sender;
  sender.next_unit();
  CHECK(only(sender.last({w(2), 2, sequence, 7, frame, 1})) == Bytes{sequence | sized, 1, 7, frame | sized, 1, 1});
  sender.next_unit();
  CHECK(only(sender.last({w(3), 2, sequence, 7, 2, metadata, 8, frame, 1})) ==
        Bytes{sequence | sized, 1, 7, metadata | sized, 1, 8, frame | sized, 1, 1});
}

TEST_CASE("without a count every element has a length, and there may be many", "[av1]") {
  Sender sender;
  sender.next_unit();
  CHECK(only(sender.last({w(0), 2, sequence, 7, 2, metadata, 8, 2, metadata, 9, 2, frame, 1})) ==
        Bytes{sequence | sized, 1, 7, metadata | sized, 1, 8, metadata | sized, 1, 9, frame | sized, 1, 1});
}

TEST_CASE("an OBU that was cut is joined again, over two packets and over many", "[av1]") {
  const int elements = GENERATE(0, 1);  // with and without a length
  CAPTURE(elements);
  const auto piece = [&](std::uint8_t bits, const Bytes& bytes) {
    Bytes payload{static_cast<std::uint8_t>(bits | w(elements))};
    if (elements == 0) payload.push_back(static_cast<std::uint8_t>(bytes.size()));
    payload.insert(payload.end(), bytes.begin(), bytes.end());
    return payload;
  };
  Sender sender;
  sender.next_unit();
  check_nothing(sender.more(piece(y, {frame, 1})));
  CHECK(only(sender.last(piece(z, {2, 3}))) == Bytes{frame | sized, 3, 1, 2, 3});
  sender.next_unit();
  check_nothing(sender.more(piece(y, {frame})));
  check_nothing(sender.more(piece(z | y, {1, 2})));
  check_nothing(sender.more(piece(z | y, {3})));
  CHECK(only(sender.last(piece(z, {4}))) == Bytes{frame | sized, 4, 1, 2, 3, 4});
}

TEST_CASE("a packet may end one OBU, hold a whole one and begin a third", "[av1]") {
  Sender sender;
  sender.next_unit();
  check_nothing(sender.more({y | n | w(1), sequence, 5}));
  check_nothing(sender.more({z | y | w(3), 1, 6, 2, metadata, 8, frame}));
  CHECK(only(sender.last({z | w(2), 1, 1, frame, 2})) ==
        Bytes{sequence | sized, 2, 5, 6, metadata | sized, 1, 8, frame | sized, 1, 1, frame | sized, 1, 2});
}

TEST_CASE("an OBU's own header, extension and size may be cut anywhere, the size is checked and written anew",
          "[av1]") {
  Sender sender;
  sender.next_unit();
  check_nothing(sender.more({y | w(1), frame | extended | sized}));
  check_nothing(sender.more({z | y | w(1), 0x48}));
  check_nothing(sender.more({z | y | w(1), 0x83}));
  check_nothing(sender.more({z | y | w(1), 0x00, 1}));  // 3, in two bytes
  CHECK(only(sender.last({z | w(1), 2, 3})) == Bytes{frame | extended | sized, 0x48, 3, 1, 2, 3});
  sender.next_unit();
  check_lost(sender.last({w(1), frame | sized, 4, 1, 2, 3}));
  sender.next_unit();
  check_lost(sender.last({w(1), frame | extended}));
}

TEST_CASE("a frame of many packets has a size of several bytes", "[av1]") {
  Sender sender;
  sender.next_unit();
  Bytes first{y | w(1), frame};
  first.resize(2 + 1000, 1);
  Bytes second{z | w(1)};
  second.resize(1 + 500, 2);
  (void)sender.more(first);
  const Bytes unit = only(sender.last(second));
  REQUIRE(unit.size() == 3 + 1500);
  CHECK(Bytes(unit.begin(), unit.begin() + 4) == Bytes{frame | sized, 0xdc, 0x0b, 1});
  CHECK(unit.back() == 2);
}

TEST_CASE("temporal delimiters, tile lists and padding are left out; without a picture nothing is left", "[av1]") {
  Sender sender;
  sender.next_unit();
  CHECK(only(sender.last({w(0), 1, delimiter, 2, tile_list, 4, 2, padding, 0x80, 2, frame, 1, 2, padding, 0x80})) ==
        Bytes{frame | sized, 1, 1});
  sender.next_unit();
  check_nothing(sender.last({w(1), padding, 0x80}));
}

TEST_CASE("a unit without a marker ends with the next timestamp; two may come out with one packet", "[av1]") {
  Sender sender;
  sender.next_unit();
  const std::uint32_t before = sender.timestamp;
  check_nothing(sender.more({w(1), frame, 1}));
  check_nothing(sender.more({w(1), frame, 2}));
  sender.next_unit();
  const Av1Output out = sender.last({w(1), frame, 3});
  CHECK_FALSE(out.lost);
  REQUIRE(out.units.size() == 2);
  CHECK(out.units[0].timestamp == before);
  CHECK(out.units[0].bytes.size() == 6);
  CHECK(out.units[1].timestamp == sender.timestamp);
  sender.next_unit();
  check_nothing(sender.more({y | w(1), frame, 1}));
  sender.next_unit();
  const Av1Output cut = sender.last({w(1), frame, 3});  // the one before was never whole
  CHECK(cut.lost);
  CHECK(cut.units.size() == 1);
}

TEST_CASE("a missing packet costs the units whose packets may be missing, and no other", "[av1]") {
  Sender sender;
  SECTION("in the middle") {
    sender.next_unit();
    check_nothing(sender.more({y | w(1), frame, 1}));
    sender.lose_packet();
    check_lost(sender.last({z | w(1), 3}));
  }
  SECTION("the last one") {
    sender.next_unit();
    check_nothing(sender.more({w(1), frame, 1}));
    sender.lose_packet();
    sender.next_unit();
    check_lost(sender.more({w(1), frame, 2}));  // its first one may be what is missing
    check_nothing(sender.last({w(1), frame, 3}));
  }
  SECTION("the first one") {
    sender.next_unit();
    sender.lose_packet();
    check_lost(sender.last({w(1), frame, 2}));
  }
  SECTION("before a new sequence, which says that it begins") {
    sender.next_unit();
    sender.lose_packet();
    sender.next_unit();
    const Av1Output out = sender.last({n | w(2), 2, sequence, 7, frame, 2});
    CHECK(out.lost);
    CHECK(out.units.size() == 1);
  }
  sender.next_unit();
  CHECK(only(sender.last({w(1), frame, 9})) == Bytes{frame | sized, 1, 9});
}

TEST_CASE("what comes before the beginning of the first unit is left out", "[av1]") {
  Av1Depacketizer joined_late;
  check_nothing(joined_late.add({7, 1, true, Bytes{z | w(1), 4}}));
  CHECK(joined_late.add({8, 2, true, Bytes{w(1), frame, 1}}).units.size() == 1);
}

TEST_CASE("padding packets neither end nor break a unit", "[av1]") {
  Sender sender;
  sender.next_unit();
  check_nothing(sender.more({y | w(1), frame, 1}));
  check_nothing(sender.more({}));
  CHECK(only(sender.last({z | w(1), 2})).size() == 4);
  check_nothing(sender.more({}));  // after the marker, with the same timestamp
  sender.next_unit();
  CHECK(only(sender.last({w(1), frame, 9})).size() == 3);
}

TEST_CASE("payloads that do not fit together lose their unit and no other", "[av1]") {
  const Bytes broken = GENERATE(Bytes{z | w(1), frame, 1},               // nothing to go on with
                                Bytes{y | w(1), frame, 1},               // goes on nowhere
                                Bytes{w(0)},                             // no element
                                Bytes{w(1)},                             // an OBU of no bytes
                                Bytes{w(0), 9, frame, 1},                // longer than the packet
                                Bytes{w(0), 0x80},                       // a length that does not end
                                Bytes{w(3), 2, frame, 1},                // fewer than it says
                                Bytes{w(1), 0x80 | frame, 1},            // forbidden bit
                                Bytes{w(1), frame | sized, 0x80, 0x80},  // a size that does not end
                                Bytes{w(2), 0, frame, 1});               // an empty OBU before
  Sender sender;
  sender.next_unit();
  check_lost(sender.last(broken));
  sender.next_unit();
  CHECK(only(sender.last({w(1), frame, 9})) == Bytes{frame | sized, 1, 9});
}

TEST_CASE("a piece of an OBU that the next packet does not go on with loses its unit", "[av1]") {
  Sender sender;
  sender.next_unit();
  check_nothing(sender.more({y | w(1), frame, 1}));
  check_lost(sender.last({w(1), frame, 2}));
}

TEST_CASE("a unit that never ends is given up, and the next one is whole", "[av1]") {
  Sender sender;
  sender.next_unit();
  Bytes piece(60'000, 1);
  piece[0] = z | y | w(1);
  (void)sender.more({y | w(1), frame});
  std::size_t lost = 0;
  for (std::size_t sent = 0; sent < 2 * max_av1_unit_bytes; sent += piece.size()) {
    const Av1Output out = sender.more(piece);
    CHECK(out.units.empty());
    lost += out.lost ? 1 : 0;
  }
  CHECK(lost == 1);
  sender.next_unit();
  CHECK(only(sender.last({w(1), frame, 9})) == Bytes{frame | sized, 1, 9});
}
