// Whom datagrams name before they are decrypted: real sources are few, and invented ones cost nothing.
#include "recorder/wire_sources.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

using namespace unavoce::recorder;

namespace {

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& bytes, std::uint32_t word) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
}

/// RFC 3550 section 5.1, with ten bytes that would be encrypted.
Bytes media(std::uint32_t ssrc, int payload = 96, const std::vector<std::uint32_t>& contributing = {}) {
  Bytes bytes{static_cast<std::uint8_t>(0x80 + contributing.size()), static_cast<std::uint8_t>(payload), 0, 1};
  append(bytes, 90'000);
  append(bytes, ssrc);
  for (const std::uint32_t source : contributing) append(bytes, source);
  bytes.resize(bytes.size() + 10, 0x55);
  return bytes;
}

/// RFC 3711 section 3.4: of a compound packet only its first eight bytes are in the clear.
Bytes report(std::uint32_t ssrc, int type = 201) {
  Bytes bytes{0x81, static_cast<std::uint8_t>(type), 0, 7};
  append(bytes, ssrc);
  bytes.resize(bytes.size() + 24, 0xaa);
  return bytes;
}

Admitted add(WireSources& sources, const Bytes& bytes) {
  GstBuffer* datagram = bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
  const Admitted admitted = sources.add(datagram);
  gst_buffer_unref(datagram);
  return admitted;
}

bool admits(WireSources& sources, const Bytes& bytes) {
  return add(sources, bytes) == Admitted::yes;
}

/// As many as there may be, half of them in reports.
void fill(WireSources& sources) {
  for (std::uint32_t ssrc = 1; ssrc <= WireSources::max_sources; ++ssrc)
    REQUIRE(admits(sources, ssrc % 2 == 0 ? media(ssrc) : report(ssrc)));
}

}  // namespace

TEST_CASE("the same few sources may send for as long as they like, media and reports") {
  WireSources sources;
  for (int round = 0; round < 1000; ++round) {
    for (const std::uint32_t ssrc : {1U, 2U, 3U}) {
      REQUIRE(admits(sources, media(ssrc)));
      for (const int type : {200, 201, 203, 204, 205, 206}) REQUIRE(admits(sources, report(ssrc, type)));
    }
  }
}

TEST_CASE("beyond the limit no source gets in, whatever names it, and those before still do") {
  WireSources sources;
  fill(sources);
  CHECK(add(sources, media(99)) == Admitted::too_many_sources);
  CHECK(add(sources, media(99, 13)) == Admitted::too_many_sources);  // also of a payload type that nobody accepted
  CHECK(add(sources, media(2, 96, {99})) == Admitted::too_many_sources);
  for (const int type : {200, 201, 203, 204, 205, 206})
    CHECK(add(sources, report(99, type)) == Admitted::too_many_sources);
  CHECK(admits(sources, media(1)));
  CHECK(admits(sources, report(2)));
  CHECK(admits(sources, media(2, 96, {1, 3})));
}

TEST_CASE("contributing sources count, each once") {
  WireSources sources;
  REQUIRE(admits(sources, media(1, 96, {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})));
  REQUIRE(admits(sources, media(17, 96, {2, 3, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30})));
  REQUIRE(admits(sources, media(31, 96, {32})));
  CHECK(add(sources, media(33)) == Admitted::too_many_sources);
}

TEST_CASE("what hides its source behind the encryption, or is no packet, is dropped") {
  WireSources sources;
  CHECK(add(sources, report(1, 202)) == Admitted::unclear);  // a description first: srtpdec would look for the next one
  CHECK(add(sources, report(1, 207)) == Admitted::unclear);
  CHECK(add(sources, report(1, 192)) == Admitted::unclear);
  CHECK(add(sources, media(1, 72)) == Admitted::unclear);  // srtpdec takes these for reports
  CHECK(add(sources, Bytes{0x80, 201, 0, 1, 0, 0, 0}) == Admitted::unclear);
  CHECK(add(sources, Bytes{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 1}) == Admitted::unclear);
  CHECK(add(sources, Bytes{0x80}) == Admitted::unclear);
  Bytes longer = media(1);
  longer[0] = 0x8f;  // says that 60 bytes of contributing sources follow
  CHECK(add(sources, longer) == Admitted::unclear);
  fill(sources);  // nothing of all that was counted
}

TEST_CASE("what is neither media nor report is none of its business") {
  WireSources sources;
  fill(sources);
  CHECK(admits(sources, Bytes{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}));  // DTLS
  CHECK(admits(sources, Bytes{22}));
  CHECK(admits(sources, Bytes{}));
}
