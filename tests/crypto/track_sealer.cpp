// The promises of DESIGN section 7: a track file can be opened at every moment, and repaired without a key.
#include "crypto/track_sealer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "crypto/age.hpp"
#include "tests/crypto/age_plaintext.hpp"
#include "tests/program.hpp"

using namespace unavoce::crypto;
using namespace unavoce::testing;

namespace {

const TrackContext context{std::string(32, 'a'), 2, std::string(64, 'b'), 1};
using Chunk = std::span<const std::uint8_t, chunk_bytes>;

/// A main file in memory; writes land as they would on a disk.
struct MainFile {
  Bytes bytes;
  void write(const FileWrite& write) {
    bytes.resize(std::max<std::size_t>(bytes.size(), write.offset + write.bytes.size()));
    std::ranges::copy(write.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(write.offset));
  }
  void repair(const Repair& repair) {
    REQUIRE(bytes.size() >= repair.truncate_to);
    bytes.resize(repair.truncate_to);
    bytes.insert(bytes.end(), repair.fin.begin(), repair.fin.end());
  }
};

struct Track {
  Identity identity = Identity::generate();
  TrackSealer sealer = std::move(TrackSealer::create(identity.recipient(), context)).value();
  MainFile main;
  Bytes plain;

  Track() { main.write(sealer.begin()); }
  FileWrite append() {
    const Bytes chunk = plaintext(chunk_bytes, static_cast<unsigned>(sealer.chunks() + 1));
    plain.insert(plain.end(), chunk.begin(), chunk.end());
    return sealer.append(Chunk(chunk));
  }
  /// What `(age -d main | head -c -2; age -d tail)` gives.
  Bytes open_both(const Bytes& main_file, const Bytes& tail_file) const {
    const auto main_plain = open(main_file, {&identity, 1});
    REQUIRE(main_plain);
    const ByteView whole = main_plain.value().view();
    REQUIRE(whole.size() >= 2);
    CHECK(to_hex(whole.last(2)) == "ec80");
    Bytes both = to_bytes(whole.first(whole.size() - 2));
    const auto tail_plain = open(tail_file, {&identity, 1});
    REQUIRE(tail_plain);
    both.insert(both.end(), tail_plain.value().view().begin(), tail_plain.value().view().end());
    return both;
  }
};

Bytes with(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

}  // namespace

TEST_CASE("main and tail together give everything, after every step") {
  Track track;
  for (std::size_t n = 0; n < 4; ++n) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{40'000}, chunk_bytes - 1}) {
      const Bytes partial = plaintext(size, 99);
      INFO(n << " chunks and " << size << " bytes");
      CHECK(track.open_both(track.main.bytes, track.sealer.tail(partial)) == with(track.plain, partial));
    }
    track.main.write(track.append());
    CHECK(track.sealer.chunks() == n + 1);
    CHECK(track.sealer.size() == track.main.bytes.size());
  }
}

TEST_CASE("the header names the track and has exactly one X25519 stanza") {
  const Track track;
  const auto parsed = parse_whole_header(track.main.bytes).value();
  REQUIRE(parsed.header.stanzas.size() == 2);
  CHECK(
      parsed.header.stanzas[0] ==
      Stanza{"unavoce.track/v1", {"rec=" + context.recording, "take=2", "approval=" + context.approval, "file=1"}, {}});
  CHECK(parsed.header.stanzas[1].type == "X25519");
  CHECK(count_x25519_stanzas(track.main.bytes).value() == 1);
  CHECK(track.sealer.header_sha256() == sha256(ByteView(track.main.bytes).first(parsed.size_bytes)));
}

TEST_CASE("a tail names its main file by hash, its chunk and F(n)") {
  Track track;
  track.main.write(track.append());
  const auto info = read_tail_header(track.sealer.tail(plaintext(10)));
  REQUIRE(info);
  CHECK(info.value().track_sha256 == track.sealer.header_sha256());
  CHECK(info.value().chunk == 1);
  CHECK(std::equal(info.value().fin.rbegin(), info.value().fin.rend(), track.main.bytes.rbegin()));
}

TEST_CASE("an append torn at any byte is repaired without a key, and repairing twice changes nothing") {
  Track track;
  track.main.write(track.append());
  const MainFile before = track.main;
  const Bytes partial = plaintext(30'000, 50);
  const Bytes tail = track.sealer.tail(partial);
  const Bytes expected = with(track.plain, partial);
  const FileWrite write = track.append();

  const auto check_repair = [&](MainFile torn) {
    const auto repair = plan_repair(torn.bytes, tail);
    REQUIRE(repair);
    torn.repair(repair.value());
    CHECK(torn.bytes == before.bytes);
    torn.repair(plan_repair(torn.bytes, tail).value());
    CHECK(torn.bytes == before.bytes);
  };
  for (std::size_t size = 0; size <= write.bytes.size();
       size += size < 40 || size + 60 > write.bytes.size() ? 1 : 4099) {
    INFO(size << " bytes of the append reached the disk");
    MainFile torn = before;
    torn.write({write.offset, Bytes(write.bytes.begin(), write.bytes.begin() + static_cast<std::ptrdiff_t>(size))});
    check_repair(torn);
  }
  SECTION("blocks that reached the disk out of order") {
    MainFile torn = before;
    torn.write({write.offset + 32'768, Bytes(write.bytes.begin() + 32'768, write.bytes.end())});
    check_repair(torn);
  }
  SECTION("the repaired file and its tail open") {
    CHECK(track.open_both(before.bytes, tail) == expected);
  }
}

TEST_CASE("a main file that is ahead of its tail by whole chunks is brought back to it") {
  Track track;
  const Bytes tail = track.sealer.tail(plaintext(100, 9));
  MainFile ahead = track.main;
  ahead.write(track.append());
  ahead.write(track.append());
  ahead.repair(plan_repair(ahead.bytes, tail).value());
  CHECK(ahead.bytes == track.main.bytes);
  CHECK(track.open_both(ahead.bytes, tail) == plaintext(100, 9));
}

TEST_CASE("a tail of another track, or a damaged one, plans no repair") {
  Track track;
  const Track other;
  CHECK(plan_repair(track.main.bytes, other.sealer.tail({})).error().code == Errc::damaged);

  const Bytes tail = track.sealer.tail({});
  const std::string text(as_text(tail));
  const auto changed = [&text](std::string_view from, std::string_view to) {
    std::string copy = text;
    copy.replace(copy.find(from), from.size(), to);
    return copy;
  };
  CHECK_FALSE(read_tail_header(as_bytes(changed("chunk=0", "chunk=-1"))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("chunk=0", "chunk=00"))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("chunk=0", "chunk="))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("chunk=0", "chunk=18446744073709551615"))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("fin=", "fin=AA"))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("track=", "track=A"))));
  CHECK_FALSE(read_tail_header(as_bytes(changed("unavoce.tail/v1", "unavoce.tail/v2"))));
  CHECK_FALSE(read_tail_header(ByteView(tail).first(60)));
  CHECK_FALSE(read_tail_header(track.main.bytes));
}

TEST_CASE("every tail repeats the F(n) that stands in the main file, and a file begins once") {
  Track track;
  std::set<std::string> finals;
  for (int n = 0; n < 3; ++n) {
    const Bytes fin = read_tail_header(track.sealer.tail({})).value().fin;
    CHECK(fin == read_tail_header(track.sealer.tail(plaintext(5))).value().fin);
    CHECK(finals.insert(to_hex(fin)).second);
    track.main.write(track.append());
  }
  CHECK_THROWS(track.sealer.begin());
}

TEST_CASE("every tail has a file key of its own") {
  const Track track;
  CHECK(track.sealer.tail(plaintext(100)) != track.sealer.tail(plaintext(100)));
}

TEST_CASE("the end of any track can be padded to whole chunks with one valid Void") {
  for (std::uint64_t size = 0; size < chunk_bytes; ++size) {
    const Bytes padding = pad_to_chunk(size);
    const std::uint64_t missing = (chunk_bytes - size) % chunk_bytes;
    bool good = (size + padding.size()) % chunk_bytes == 0;
    good = good && padding.size() == (missing == 1 ? chunk_bytes + 1 : missing);
    if (!padding.empty()) {
      // Read it back as an EBML element: id EC, then a length of one or eight bytes (RFC 8794 section 4.4).
      good = good && padding[0] == 0xEC;
      std::uint64_t length = 0;
      std::size_t head = 2;
      if (padding[1] == 0x01) {
        head = 9;
        for (std::size_t i = 2; i < 9; ++i) length = length << 8 | padding[i];
      } else {
        good = good && (padding[1] & 0x80) != 0 && padding[1] != 0xFF;  // FF would mean: length unknown
        length = padding[1] & 0x7F;
      }
      good = good && head + length == padding.size();
      good = good && std::all_of(padding.begin() + static_cast<std::ptrdiff_t>(head), padding.end(),
                                 [](auto b) { return b == 0; });
    }
    if (!good) FAIL("wrong padding after " << size << " bytes");
  }
  SUCCEED("65536 sizes");
}

TEST_CASE("a wiped sealer seals nothing any more") {
  Track track;
  track.sealer.wipe();
  CHECK_THROWS(track.append());
}

TEST_CASE("ids that are not hex never reach a header") {
  const Recipient recipient = Identity::generate().recipient();
  for (const char* id : {"", "a", "gggggggggggggggggggggggggggggggg", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    CHECK_FALSE(TrackSealer::create(recipient, {id, 1, context.approval, 1}));
    CHECK_FALSE(TrackSealer::create(recipient, {context.recording, 1, id, 1}));
  }
}

TEST_CASE("stock age opens an interrupted track as DESIGN says") {
  Track track;
  for (int i = 0; i < 3; ++i) track.main.write(track.append());
  const Bytes partial = plaintext(12'345, 70);
  const TemporaryFolder folder;
  write_text(folder / "e.txt", as_text(track.identity.secret_text().view()));
  write_file(folder / "main.age", track.main.bytes);
  write_file(folder / "tail.age", track.sealer.tail(partial));
  const auto outcome =
      run("cd " + folder.path().string() + " && (age -d -i e.txt main.age | head -c -2; age -d -i e.txt tail.age)");
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == as_text(with(track.plain, partial)));
}

TEST_CASE("stock age opens a finished track, and its padding fills the last chunk") {
  Track track;
  const Bytes media = plaintext(2 * chunk_bytes - 1, 4);  // one byte short: the Void spills over
  Bytes padded = with(media, pad_to_chunk(media.size() % chunk_bytes));
  REQUIRE(padded.size() == 3 * chunk_bytes);
  for (std::size_t n = 0; n < 3; ++n)
    track.main.write(track.sealer.append(Chunk(std::span(padded).subspan(n * chunk_bytes).first<chunk_bytes>())));
  const TemporaryFolder folder;
  write_text(folder / "e.txt", as_text(track.identity.secret_text().view()));
  write_file(folder / "main.age", track.main.bytes);
  const auto outcome = run("age -d -i " + (folder / "e.txt") + ' ' + (folder / "main.age"));
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == as_text(with(padded, {0xEC, 0x80})));
}
