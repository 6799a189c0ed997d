// STREAM, the payload of age files: what goes in comes out, and nothing unauthenticated ever does.
#include <algorithm>
#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "crypto/file_key.hpp"
#include "tests/crypto/age_plaintext.hpp"

using namespace unavoce::crypto;
using namespace unavoce::testing;

namespace {

constexpr std::size_t c = chunk_bytes;
const std::vector<std::size_t> border_sizes = {0,     1, 2,     15,     16,        17,    c - 17,    c - 16,
                                               c - 1, c, c + 1, c + 16, 2 * c - 1, 2 * c, 2 * c + 1, 3 * c};

/// One payload key, and what was sealed with it.
struct Payload {
  Secret<32> key = Secret<32>::random();
  Bytes plain;
  Bytes sealed;

  explicit Payload(std::size_t size) : plain(plaintext(size)) {
    Collector collector;
    StreamSealer sealer(key);
    REQUIRE(sealer.write(plain, collector.sink()));
    REQUIRE(sealer.finish(collector.sink()));
    sealed = std::move(collector.bytes);
  }

  /// Opens `changed`; the released bytes are checked to be a beginning of the plaintext.
  Result<void> open(ByteView changed, Bytes& released) const {
    Collector collector;
    StreamOpener opener(key);
    Result<void> result = opener.write(changed, collector.sink());
    if (result) result = opener.finish(collector.sink());
    released = std::move(collector.bytes);
    return result;
  }
};

bool is_beginning_of(const Bytes& part, const Bytes& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

void check_refused(const Payload& payload, const Bytes& changed) {
  Bytes released;
  const auto result = payload.open(changed, released);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::damaged);
  CHECK(is_beginning_of(released, payload.plain));
}

}  // namespace

TEST_CASE("a stream of any size around the chunk borders comes back") {
  for (const std::size_t size : border_sizes) {
    INFO(size << " bytes");
    const Payload payload(size);
    const std::size_t chunks = size == 0 ? 1 : (size + c - 1) / c;
    CHECK(payload.sealed.size() == size + chunks * tag_bytes);
    Bytes released;
    CHECK(payload.open(payload.sealed, released));
    CHECK(released == payload.plain);
  }
}

TEST_CASE("how a stream is cut into writes changes nothing") {
  std::minstd_rand random(7);
  for (int round = 0; round < 40; ++round) {
    const std::size_t size = border_sizes[random() % border_sizes.size()];
    const Payload payload(size);
    const auto in_pieces = [&random](ByteView bytes, const auto& write) {
      while (!bytes.empty()) {
        const std::size_t piece = std::min<std::size_t>(bytes.size(), random() % (random() % 2 == 0 ? 100'000 : 5'000));
        write(bytes.first(piece));
        bytes = bytes.subspan(piece);
      }
    };
    Collector sealed;
    StreamSealer sealer(payload.key);
    in_pieces(payload.plain, [&](ByteView piece) { REQUIRE(sealer.write(piece, sealed.sink())); });
    REQUIRE(sealer.finish(sealed.sink()));
    CHECK(sealed.bytes == payload.sealed);

    Collector opened;
    StreamOpener opener(payload.key);
    in_pieces(payload.sealed, [&](ByteView piece) { REQUIRE(opener.write(piece, opened.sink())); });
    REQUIRE(opener.finish(opened.sink()));
    CHECK(opened.bytes == payload.plain);
  }
}

TEST_CASE("a stream that is cut off anywhere fails, and what came out before is true") {
  const Payload payload(2 * c + 100);
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < 20; ++i) {
    cuts.insert(cuts.end(),
                {i, sealed_chunk_bytes - 10 + i, 2 * sealed_chunk_bytes - 10 + i, payload.sealed.size() - 1 - i});
  }
  for (const std::size_t cut : cuts) {
    INFO("cut to " << cut);
    check_refused(payload, Bytes(payload.sealed.begin(), payload.sealed.begin() + static_cast<std::ptrdiff_t>(cut)));
  }
}

TEST_CASE("a stream with any bit flipped fails, and what came out before is true") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, c, c + 5}) {
    const Payload payload(size);
    std::minstd_rand random(3);
    for (int round = 0; round < 60; ++round) {
      Bytes changed = payload.sealed;
      // The first and last bytes always, then some between.
      const std::size_t at = round == 0 ? 0 : round == 1 ? changed.size() - 1 : random() % changed.size();
      changed[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
      INFO(size << " bytes, flipped at " << at);
      check_refused(payload, changed);
    }
  }
}

TEST_CASE("a stream with chunks swapped, repeated or left out fails") {
  const Payload payload(4 * c);
  const auto chunk = [&payload](std::size_t i) {
    const auto begin = payload.sealed.begin() + static_cast<std::ptrdiff_t>(i * sealed_chunk_bytes);
    return Bytes(begin, begin + sealed_chunk_bytes);
  };
  const auto order = GENERATE(std::vector<std::size_t>{1, 0, 2, 3}, std::vector<std::size_t>{0, 2, 1, 3},
                              std::vector<std::size_t>{0, 1, 3, 2}, std::vector<std::size_t>{0, 0, 1, 2, 3},
                              std::vector<std::size_t>{0, 1, 3}, std::vector<std::size_t>{0, 1, 2, 3, 3},
                              std::vector<std::size_t>{1, 2, 3}, std::vector<std::size_t>{3});
  Bytes changed;
  for (const std::size_t i : order) {
    const Bytes part = chunk(i);
    changed.insert(changed.end(), part.begin(), part.end());
  }
  check_refused(payload, changed);
}

TEST_CASE("bytes after the end of a stream are an error") {
  const auto size = GENERATE(std::size_t{10}, c, 2 * c);
  const Payload payload(size);
  Bytes changed = payload.sealed;
  changed.push_back(0);
  check_refused(payload, changed);
}

TEST_CASE("a full chunk is not released before it is known whether the stream goes on") {
  const Payload payload(c + 1);
  Collector collector;
  StreamOpener opener(payload.key);
  REQUIRE(opener.write(ByteView(payload.sealed).first(sealed_chunk_bytes), collector.sink()));
  CHECK(collector.bytes.empty());
  REQUIRE(opener.write(ByteView(payload.sealed).subspan(sealed_chunk_bytes, 1), collector.sink()));
  CHECK(collector.bytes.size() == c);
}

TEST_CASE("errors of a stream stick") {
  const Payload payload(c + 1);
  SECTION("a damaged chunk") {
    Bytes changed = payload.sealed;
    changed[0] ^= 1;
    Collector collector;
    StreamOpener opener(payload.key);
    CHECK_FALSE(opener.write(changed, collector.sink()));
    CHECK_FALSE(opener.write(payload.sealed, collector.sink()));
    CHECK_FALSE(opener.finish(collector.sink()));
    CHECK(collector.bytes.empty());
  }
  SECTION("a sink that fails: no chunk is sealed twice") {
    int calls = 0;
    const Sink full = [&calls](ByteView) -> Result<void> {
      ++calls;
      return Error{Errc::io, "no space"};
    };
    StreamSealer sealer(payload.key);
    CHECK(sealer.write(payload.plain, full).error().code == Errc::io);
    CHECK(sealer.write(payload.plain, full).error().code == Errc::io);
    CHECK(sealer.finish(full).error().code == Errc::io);
    CHECK(calls == 1);
  }
  SECTION("nothing follows the end") {
    Collector collector;
    StreamSealer sealer(payload.key);
    REQUIRE(sealer.finish(collector.sink()));
    CHECK_FALSE(sealer.write(payload.plain, collector.sink()));
    CHECK_FALSE(sealer.finish(collector.sink()));
  }
}
