// The public tiles: their addresses, what is in them, and that they suffice to see whether the ledger only grew.
#include "consent/tiles.hpp"

#include "consent/ledger_growth.hpp"
#include "tests/consent/ledger_place.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

using TileKind = TilePath::Kind;

crypto::Digest numbered_leaf(std::uint64_t number, std::string_view branch = "") {
  return crypto::leaf_hash(crypto::as_bytes(std::to_string(number) + std::string(branch)));
}

/// A tree whose leaves from `fork` on are others than those of the trees without a fork.
crypto::MerkleTree tree_of(std::uint64_t size, std::uint64_t fork = ~std::uint64_t{0}) {
  crypto::MerkleTree tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(numbered_leaf(i, i < fork ? "" : "'"));
  return tree;
}

Checkpoint checkpoint_of(const crypto::MerkleTree& tree, std::uint64_t size) {
  return {"example.org/test", size, tree.root_at(size)};
}

FetchTile tiles_of(const crypto::MerkleTree& tree, std::uint64_t size) {
  return [&tree, size](const TilePath& path) -> Result<crypto::Bytes> {
    REQUIRE(is_within(path, size));
    // What the published tree does not have cannot be asked for: a tile is full, or as wide as the tree makes it.
    REQUIRE(path.width == tile_width(size, path.level, path.index));
    return hash_tile(tree, path);
  };
}

crypto::Digest hash_at(const crypto::Bytes& tile, std::size_t position) {
  crypto::Digest digest;
  std::copy_n(tile.begin() + static_cast<std::ptrdiff_t>(position * digest.size()), digest.size(), digest.begin());
  return digest;
}

}  // namespace

TEST_CASE("a tile's address is spelled as the specification has it", "[tiles]") {
  const std::vector<std::pair<std::string, TilePath>> known = {
      {"0/x001/x234/067", {TileKind::hashes, 0, 1234067, 256}},
      {"0/000", {TileKind::hashes, 0, 0, 256}},
      {"0/273.p/112", {TileKind::hashes, 0, 273, 112}},
      {"63/001.p/1", {TileKind::hashes, 63, 1, 1}},
      {"entries/x001/000", {TileKind::entries, 0, 1000, 256}},
      {"entries/999.p/255", {TileKind::entries, 0, 999, 255}},
      {"1/x999/x999/x999/x999/x999/999", {TileKind::hashes, 1, 999'999'999'999'999'999, 256}},
  };
  for (const auto& [text, path] : known) {
    CAPTURE(text);
    CHECK(must(parse_tile_path(text)) == path);
    CHECK(format_tile_path(path) == text);
  }
}

TEST_CASE("an address that is spelled otherwise is none", "[tiles]") {
  for (const char* text : {"",
                           "/",
                           "0",
                           "0/",
                           "0/1",
                           "0/01",
                           "0/0001",
                           "0/x000/001",
                           "0/x001",
                           "0/x001/",
                           "0/001/002",
                           "0/x001/x002",
                           "00/001",
                           "64/000",
                           "-1/000",
                           "+0/000",
                           " 0/000",
                           "0/000 ",
                           "0/000/",
                           "0//000",
                           "0/000.p",
                           "0/000.p/",
                           "0/000.p/0",
                           "0/000.p/256",
                           "0/000.p/01",
                           "0/000.p/-1",
                           "0/000.p/1/",
                           "0/000.p/1.p/1",
                           "0/.p/1",
                           "0/x001.p/1",
                           "entries/0",
                           "entry/000",
                           "Entries/000",
                           "0/X001/234",
                           "0/0x1",
                           "0/00a",
                           "99999999999999999999/000",
                           "0/000.p/99999999999999999999",
                           "0/x001/x000/x000/x000/x000/x000/000",
                           "../0/000",
                           "0/..",
                           "0/%30"}) {
    CAPTURE(text);
    CHECK(code_of(parse_tile_path(text)) == Errc::malformed);
  }
}

TEST_CASE("a tree of 70000 leaves has the tiles of the specification's example", "[tiles]") {
  CHECK(tile_width(70'000, 0, 272) == 256);
  CHECK(tile_width(70'000, 0, 273) == 112);
  CHECK(tile_width(70'000, 0, 274) == 0);
  CHECK(tile_width(70'000, 1, 0) == 256);
  CHECK(tile_width(70'000, 1, 1) == 17);
  CHECK(tile_width(70'000, 2, 0) == 1);
  CHECK(tile_width(70'000, 3, 0) == 0);
  CHECK(tile_width(256, 1, 0) == 1);
  CHECK(tile_width(~std::uint64_t{0}, 63, 0) == 0);
  CHECK(tile_width(~std::uint64_t{0}, 0, 999'999'999'999'999'999) == 0);
}

TEST_CASE("each hash of a tile is the root of the full tile below it", "[tiles]") {
  const crypto::MerkleTree tree = tree_of(600);
  const crypto::Bytes upper = hash_tile(tree, {TileKind::hashes, 1, 0, 2});
  CHECK(hash_at(upper, 0) == tree.root_at(256));
  CHECK(hash_at(hash_tile(tree, {TileKind::hashes, 0, 2, 88}), 87) == numbered_leaf(599));
  crypto::MerkleTree second;
  const crypto::Bytes lower = hash_tile(tree, {TileKind::hashes, 0, 1, 256});
  for (std::size_t i = 0; i < 256; ++i) second.append(hash_at(lower, i));
  CHECK(hash_at(upper, 1) == second.root());
}

TEST_CASE("a bundle's entries are the commitments, and hash to the tile's leaves", "[tiles]") {
  const Place place;
  Opened opened(place);
  std::vector<Entry> entries;
  for (const char* text : {"one", "two", "three"})
    entries.push_back(must(append(opened.ledger, statement(text))).front());
  const crypto::Bytes bundle = must(opened.ledger.tile({TileKind::entries, 0, 0, 3}));
  const crypto::Bytes tile = must(opened.ledger.tile({TileKind::hashes, 0, 0, 3}));
  REQUIRE(bundle.size() == 3 * 34);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(bundle[i * 34] == 0);
    CHECK(bundle[i * 34 + 1] == 32);
    const auto data = crypto::ByteView(bundle).subspan(i * 34 + 2, 32);
    CHECK(std::ranges::equal(data, commitment(entries[i].r, entries[i].entry_json)));
    CHECK(crypto::leaf_hash(data) == hash_at(tile, i));
  }
}

TEST_CASE("tiles and bundles stay as they were when a recording is erased", "[tiles]") {
  const Place place;
  Opened opened(place);
  for (const char* text : {"one", "two"}) must(append(opened.ledger, statement(text)));
  const crypto::Bytes bundle = must(opened.ledger.tile({TileKind::entries, 0, 0, 2}));
  const crypto::Bytes tile = must(opened.ledger.tile({TileKind::hashes, 0, 0, 2}));
  must(opened.ledger.erase_recording(std::string(32, 'a')));
  CHECK(must(opened.ledger.tile({TileKind::entries, 0, 0, 2})) == bundle);
  CHECK(must(opened.ledger.tile({TileKind::hashes, 0, 0, 2})) == tile);
}

TEST_CASE("there is no tile beyond the tree", "[tiles]") {
  const Place place;
  Opened opened(place);
  CHECK(code_of(opened.ledger.tile({TileKind::hashes, 0, 0, 1})) == Errc::unknown_reference);
  must(append(opened.ledger, statement("one")));
  CHECK(must(opened.ledger.tile({TileKind::hashes, 0, 0, 1})).size() == 32);
  for (const TilePath& path : {TilePath{TileKind::hashes, 0, 0, 2}, TilePath{TileKind::hashes, 0, 0, 256},
                               TilePath{TileKind::hashes, 1, 0, 1}, TilePath{TileKind::hashes, 63, 0, 1},
                               TilePath{TileKind::entries, 0, 0, 2}, TilePath{TileKind::entries, 0, 1, 1}}) {
    CAPTURE(format_tile_path(path));
    CHECK(code_of(opened.ledger.tile(path)) == Errc::unknown_reference);
  }
}

TEST_CASE("a ledger from before commitments were kept gets those whose entries are still there", "[tiles]") {
  const Place place;
  {
    Opened opened(place);
    must(append(opened.ledger, statement("gone", std::string(32, 'b'))));
    must(append(opened.ledger, statement("here")));
    must(opened.ledger.erase_recording(std::string(32, 'b')));
  }
  SQLite::Database((place.folder.path() / "ledger.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE ledger_leaves SET commitment = NULL");
  const Opened again(place);
  CHECK(code_of(again.ledger.tile({TileKind::entries, 0, 0, 2})) == Errc::unknown_reference);
  CHECK(must(again.ledger.tile({TileKind::hashes, 0, 0, 2})).size() == 64);
  SQLite::Database database((place.folder.path() / "ledger.db").string());
  SQLite::Statement known(database, "SELECT idx FROM ledger_leaves WHERE commitment IS NOT NULL");
  REQUIRE(known.executeStep());
  CHECK(known.getColumn(0).getInt() == 1);
}

TEST_CASE("a commitment that is not its leaf's is found when the ledger is opened", "[tiles]") {
  const Place place;
  {
    Opened opened(place);
    must(append(opened.ledger, statement("one")));
  }
  SQLite::Database((place.folder.path() / "ledger.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE ledger_leaves SET commitment = zeroblob(32)");
  auto slots = place.slots(place.folder.path());
  CHECK(code_of(place.open(place.folder.path(), slots)) == Errc::damaged);
}

TEST_CASE("a ledger that only grew is shown to have done so by its tiles, whatever the sizes", "[tiles]") {
  constexpr std::array<std::uint64_t, 14> sizes = {0, 1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 1000, 65'536, 65'793};
  const crypto::MerkleTree tree = tree_of(sizes.back());
  for (const std::uint64_t now : sizes) {
    for (const std::uint64_t seen : sizes) {
      if (seen > now) continue;
      CAPTURE(seen, now);
      CHECK(verify_growth(checkpoint_of(tree, seen), checkpoint_of(tree, now), tiles_of(tree, now)));
    }
  }
}

TEST_CASE("a forked ledger is refused, wherever the fork begins", "[tiles]") {
  const crypto::MerkleTree honest = tree_of(600);
  for (const std::uint64_t fork : {0, 1, 255, 256, 299}) {
    const crypto::MerkleTree other = tree_of(600, fork);
    for (const std::uint64_t now : {300, 301, 512, 600}) {
      CAPTURE(fork, now);
      CHECK(code_of(verify_growth(checkpoint_of(honest, 300), checkpoint_of(other, now), tiles_of(other, now))) ==
            Errc::damaged);
      // The other branch's checkpoint with the honest branch's tiles.
      CHECK(code_of(verify_growth(checkpoint_of(honest, 300), checkpoint_of(other, now), tiles_of(honest, now))) ==
            Errc::damaged);
    }
  }
}

TEST_CASE("a ledger that was rolled back, or that is another one, is refused without a tile", "[tiles]") {
  const crypto::MerkleTree tree = tree_of(10);
  const FetchTile none = [](const TilePath&) -> Result<crypto::Bytes> {
    FAIL("no tile is needed");
    return crypto::Bytes();
  };
  CHECK(code_of(verify_growth(checkpoint_of(tree, 10), checkpoint_of(tree, 9), none)) == Errc::damaged);
  Checkpoint other = checkpoint_of(tree, 10);
  other.origin = "example.org/other";
  CHECK(code_of(verify_growth(checkpoint_of(tree, 9), other, none)) == Errc::damaged);
}

TEST_CASE("a tile that is too short or too long is refused", "[tiles]") {
  const crypto::MerkleTree tree = tree_of(10);
  for (const std::size_t size : {0, 31, 288, 321, 8192}) {
    const FetchTile wrong = [&](const TilePath&) -> Result<crypto::Bytes> { return crypto::Bytes(size); };
    CHECK(code_of(verify_growth(checkpoint_of(tree, 7), checkpoint_of(tree, 10), wrong)) == Errc::malformed);
  }
}
