// The lines of which C2SP texts are made. Private to consent/. Pure functions, any thread; nothing for bad input.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"

namespace unavoce::consent {

/// Cuts the text up to the next LF off `rest`; nothing if there is no LF left.
inline std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

/// ASCII decimal without sign and leading zeroes.
inline std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A SHA-256 hash in base64.
inline std::optional<crypto::Digest> parse_hash(std::string_view text) {
  const auto bytes = crypto::from_base64(text);
  crypto::Digest digest;
  if (!bytes || bytes.value().size() != digest.size()) return std::nullopt;
  std::ranges::copy(bytes.value(), digest.begin());
  return digest;
}

}  // namespace unavoce::consent
