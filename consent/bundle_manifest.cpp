#include "consent/bundle_manifest.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "crypto/bytes.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxPathBytes = 200;
constexpr std::size_t kHashChars = 64;

std::string iso_date(TimeMs time) {
  const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(time.value)));
  const std::chrono::year_month_day date(day);
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()) % 10000,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

}  // namespace

bool is_bag_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes) return false;
  const auto printable = [](char c) { return c > ' ' && c < '\x7f' && c != '%' && c != '\\'; };
  if (!std::ranges::all_of(path, printable)) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string format_manifest(const Manifest& manifest) {
  std::string text;
  for (const auto& [path, hash] : manifest) text += crypto::to_hex(hash) + "  " + path + "\n";
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest manifest;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const auto malformed = [&](std::string_view why) {
      return Error{Errc::malformed, "line " + std::to_string(line_number) + ": " + std::string(why)};
    };
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return malformed("does not end in a line feed");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);

    const auto hash = crypto::from_hex(line.substr(0, kHashChars));
    crypto::Digest digest;
    if (!hash || hash.value().size() != digest.size()) return malformed("does not start with a lower-case SHA-256");
    std::ranges::copy(hash.value(), digest.begin());
    if (line.substr(kHashChars, 2) != "  ") return malformed("hash and path are not two spaces apart");
    const std::string_view path = line.substr(kHashChars + 2);
    if (!is_bag_path(path)) return malformed("this path cannot stand in a bag");
    if (!manifest.emplace(path, digest).second) return malformed("names " + std::string(path) + " a second time");
  }
  return manifest;
}

std::string format_bag_info(std::string_view recording, TimeMs made, std::uint64_t payload_bytes,
                            std::uint64_t payload_files) {
  return "Bag-Software-Agent: Unavoce " UNAVOCE_VERSION "\nBagging-Date: " + iso_date(made) +
         "\nExternal-Identifier: " + std::string(recording) + "\nPayload-Oxum: " + std::to_string(payload_bytes) + "." +
         std::to_string(payload_files) + "\n";
}

}  // namespace unavoce::consent
