// A manifest of a bag from a stranger: no crash, one spelling only, and no path that leads out of the bag.
#include "consent/bundle_manifest.hpp"
#include "crypto/bytes.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce;
  const std::string_view text = crypto::as_text({bytes, size});
  const auto manifest = consent::parse_manifest(text);
  if (!manifest) return 0;
  for (const auto& [path, digest] : manifest.value()) {
    require(consent::is_bag_path(path));
    require(!(("/" + path + "/").find("/../") != std::string::npos));
    require(!path.starts_with('/'));
  }
  require(consent::parse_manifest(consent::format_manifest(manifest.value())).value() == manifest.value());
  return 0;
}
