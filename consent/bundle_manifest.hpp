// BagIt's tag files (RFC 8493 section 2): what stands in them, written and read in one spelling only, so that no byte
// of them can change unnoticed: lower-case hashes, two spaces, LF. Pure functions, any thread; bad input is an error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "crypto/hash.hpp"

namespace unavoce::consent {

inline constexpr std::string_view kBagDeclaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
inline constexpr std::string_view kManifest = "manifest-sha256.txt";
inline constexpr std::string_view kTagManifest = "tagmanifest-sha256.txt";

/// Path inside the bag → SHA-256 of the file.
using Manifest = std::map<std::string, crypto::Digest, std::less<>>;

std::string format_manifest(const Manifest& manifest);

/// Strict: one line per file, no path twice, every path one that `is_bag_path` accepts.
Result<Manifest> parse_manifest(std::string_view text);

/// Whether a path may stand in a bag: relative, '/' between parts, printable ASCII without '%' and '\\', no empty part,
/// no
/// "." and "..", at most 200 bytes.
bool is_bag_path(std::string_view path);

/// The bag-info.txt of a recording.
std::string format_bag_info(std::string_view recording, TimeMs made, std::uint64_t payload_bytes,
                            std::uint64_t payload_files);

}  // namespace unavoce::consent
