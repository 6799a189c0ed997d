// Addresses of tiles from strangers: no crash, one spelling each, and never beyond the tree.

#include "consent/tiles.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace consent = unavoce::consent;
  const auto text = unavoce::crypto::as_text({bytes, size});
  const auto path = consent::parse_tile_path(text);
  if (!path) return 0;
  require(consent::format_tile_path(path.value()) == text);
  require(path.value().width >= 1 && path.value().width <= consent::kTileWidth && path.value().level <= 63);
  static const unavoce::crypto::MerkleTree tree = [] {
    unavoce::crypto::MerkleTree growing;
    for (int i = 0; i < 300; ++i) growing.append({});
    return growing;
  }();
  // Throws, which ends the program, if is_within promised too much.
  if (consent::is_within(path.value(), tree.size())) {
    require(consent::hash_tile(tree, path.value()).size() == path.value().width * 32U);
  }
  return 0;
}
