#include "server/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace unavoce::server {
namespace {

using Bytes = std::array<std::uint8_t, 16>;
constexpr unsigned kV4Offset = 96;  // bits before an IPv4 address in its IPv6 form

bool is_v4(const Bytes& bytes) {
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(mapped.begin(), mapped.end(), bytes.begin());
}

std::optional<Bytes> parse_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  Bytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

std::string text_of(const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v4(bytes))
    inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
  else
    inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return out.data();
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<AddressBlock> AddressBlock::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto bytes = parse_address(text.substr(0, slash));
  const Error wrong(Errc::config, "'" + std::string(text) + "' is neither an IP address nor a block like 10.0.0.0/8");
  if (!bytes) return wrong;
  AddressBlock block;
  block.bytes_ = *bytes;
  if (slash == std::string_view::npos) return block;
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  const unsigned offset = is_v4(*bytes) ? kV4Offset : 0;
  if (error != std::errc() || end != length.data() + length.size() || bits > 128 - offset) return wrong;
  block.prefix_bits_ = offset + bits;
  return block;
}

bool AddressBlock::holds(std::string_view address) const {
  const auto bytes = parse_address(address);
  if (!bytes) return false;
  for (unsigned bit = 0; bit < prefix_bits_; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if (((*bytes)[bit / 8] ^ bytes_[bit / 8]) & mask) return false;
  }
  return true;
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<AddressBlock>& trusted) {
  const auto is_trusted = [&](const std::string& address) {
    return std::ranges::any_of(trusted, [&](const AddressBlock& block) { return block.holds(address); });
  };
  std::string client = peer;
  // From the right: what stands on the left was written by whoever was asked first, that is, by anybody.
  while (!forwarded_for.empty() && is_trusted(client)) {
    const auto comma = forwarded_for.rfind(',');
    const auto last = trimmed(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    const auto bytes = parse_address(last);
    if (!bytes) break;
    client = text_of(*bytes);
  }
  return client;
}

std::string address_group(const std::string& address) {
  auto bytes = parse_address(address);
  if (!bytes) return "unknown";
  if (is_v4(*bytes)) return text_of(*bytes);
  std::fill(bytes->begin() + 8, bytes->end(), std::uint8_t{0});
  return text_of(*bytes) + "/64";
}

}  // namespace unavoce::server
