#include "crypto/identity_file.hpp"

namespace unavoce::crypto {

namespace {

Error in_line(std::size_t number, Errc code, std::string_view why) {
  return {code, "line " + std::to_string(number) + " of the identity file: " + std::string(why)};
}

}  // namespace

Result<std::vector<Identity>> parse_identities(std::string_view text) {
  std::vector<Identity> identities;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("AGE-PLUGIN-")) return in_line(number, Errc::unsupported, "age plugins are not supported");
    if (line.starts_with("AGE-SECRET-KEY-PQ-")) {
      return in_line(number, Errc::unsupported, "hybrid (post-quantum) identities are not supported");
    }
    auto identity = Identity::parse(line);
    if (!identity) return in_line(number, identity.error().code, identity.error().text);
    identities.push_back(std::move(identity).value());
  }
  if (identities.empty()) return Error{Errc::malformed, "the identity file holds no identity"};
  return identities;
}

}  // namespace unavoce::crypto
