#include "consent/tiles.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace unavoce::consent {
namespace {

constexpr std::string_view kEntries = "entries";
constexpr std::string_view kPartial = ".p/";
constexpr unsigned kMaxLevel = 63;
// 18 digits: more tiles than a tree of 2^63 leaves has, and far from overflowing.
constexpr std::size_t kMaxElements = 6;

Error malformed() {
  return {Errc::malformed, "a tile's address looks like tile/0/x001/234, tile/0/005.p/17 or tile/entries/000"};
}

std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// `x001/x234/067`. Leading `x000` pass here; parse_tile_path compares spellings.
std::optional<std::uint64_t> index_of(std::string_view text) {
  std::uint64_t index = 0;
  for (std::size_t elements = 0; elements < kMaxElements; ++elements) {
    const bool more = text.starts_with('x');
    if (more) text.remove_prefix(1);
    const auto three = number(text.substr(0, 3));
    if (!three || text.size() < 3) return std::nullopt;
    index = index * 1000 + *three;
    text.remove_prefix(3);
    if (!more) return text.empty() ? std::optional(index) : std::nullopt;
    if (!text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

std::string format_index(std::uint64_t index) {
  std::string text = std::to_string(index % 1000);
  text.insert(0, 3 - text.size(), '0');
  for (index /= 1000; index > 0; index /= 1000) {
    std::string element = std::to_string(index % 1000);
    element.insert(0, 3 - element.size(), '0');
    text.insert(0, "x" + element + "/");
  }
  return text;
}

void add(crypto::Bytes& bytes, const crypto::Digest& digest) {
  bytes.insert(bytes.end(), digest.begin(), digest.end());
}

}  // namespace

Result<TilePath> parse_tile_path(std::string_view text) {
  const std::string_view whole = text;
  TilePath path;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed();
  const std::string_view first = text.substr(0, slash);
  text.remove_prefix(slash + 1);
  if (first == kEntries) {
    path.kind = TilePath::Kind::entries;
  } else {
    const auto level = number(first);
    if (!level || *level > kMaxLevel) return malformed();
    path.level = static_cast<unsigned>(*level);
  }
  if (const std::size_t partial = text.find(kPartial); partial != std::string_view::npos) {
    const auto width = number(text.substr(partial + kPartial.size()));
    if (!width || *width == 0 || *width >= kTileWidth) return malformed();
    path.width = static_cast<unsigned>(*width);
    text = text.substr(0, partial);
  }
  const auto index = index_of(text);
  if (!index) return malformed();
  path.index = *index;
  // One spelling each: no leading zeroes, no leading x000.
  if (format_tile_path(path) != whole) return malformed();
  return path;
}

std::string format_tile_path(const TilePath& path) {
  std::string text = path.kind == TilePath::Kind::entries ? std::string(kEntries) : std::to_string(path.level);
  text += "/" + format_index(path.index);
  if (path.width != kTileWidth) text += std::string(kPartial) + std::to_string(path.width);
  return text;
}

unsigned tile_width(std::uint64_t tree_size, unsigned level, std::uint64_t index) {
  const std::uint64_t hashes = level >= 64 / kTileHeight ? 0 : tree_size >> (level * kTileHeight);
  const std::uint64_t full = hashes / kTileWidth;
  if (index < full) return kTileWidth;
  return index == full ? static_cast<unsigned>(hashes % kTileWidth) : 0;
}

bool is_within(const TilePath& path, std::uint64_t tree_size) {
  return path.width <= tile_width(tree_size, path.level, path.index);
}

crypto::Bytes hash_tile(const crypto::MerkleTree& tree, const TilePath& path) {
  crypto::Bytes bytes;
  for (std::uint64_t i = 0; i < path.width; ++i) {
    add(bytes, tree.complete_subtree(path.level * kTileHeight, path.index * kTileWidth + i));
  }
  return bytes;
}

crypto::Bytes entry_bundle(std::span<const crypto::Digest> commitments) {
  crypto::Bytes bytes;
  for (const crypto::Digest& one : commitments) {
    bytes.push_back(0);
    bytes.push_back(static_cast<std::uint8_t>(one.size()));
    add(bytes, one);
  }
  return bytes;
}

}  // namespace unavoce::consent
