#include "crypto/bech32.hpp"

#include <algorithm>
#include <array>

#include "crypto/secret.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t checksum_digits = 6;
constexpr std::size_t no_prefix = std::string_view::npos;

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// One step of the BCH code of BIP 173 over GF(32).
std::uint32_t polymod_step(std::uint32_t checksum, std::uint8_t value) {
  constexpr std::array<std::uint32_t, 5> generator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  const std::uint32_t top = checksum >> 25;
  checksum = (checksum & 0x1ffffff) << 5 ^ value;
  for (std::size_t bit = 0; bit < generator.size(); ++bit) {
    if ((top >> bit & 1) != 0) checksum ^= generator[bit];
  }
  return checksum;
}

/// The checksum is always over the lower-case prefix, also for upper-case text.
std::uint32_t polymod(std::string_view prefix, ByteView digits) {
  std::uint32_t checksum = 1;
  for (const char c : prefix) checksum = polymod_step(checksum, static_cast<std::uint8_t>(to_lower(c) >> 5));
  checksum = polymod_step(checksum, 0);
  for (const char c : prefix) checksum = polymod_step(checksum, static_cast<std::uint8_t>(to_lower(c) & 31));
  for (const std::uint8_t digit : digits) checksum = polymod_step(checksum, digit);
  return checksum;
}

/// Regroups bits, most significant first. What is left over is in `rest` (`rest_bits` of it).
struct Regrouped {
  Bytes groups;
  std::uint32_t rest = 0;
  unsigned rest_bits = 0;
};

Regrouped regroup(ByteView in, unsigned from_bits, unsigned to_bits) {
  Regrouped out;
  // No reallocation: it would leave a copy of a secret behind.
  out.groups.reserve(in.size() * from_bits / to_bits + 1 + checksum_digits);
  for (const std::uint8_t group : in) {
    out.rest = (out.rest << from_bits | group) & 0xfff;  // never more than 12 bits are waiting
    out.rest_bits += from_bits;
    while (out.rest_bits >= to_bits) {
      out.rest_bits -= to_bits;
      out.groups.push_back(static_cast<std::uint8_t>(out.rest >> out.rest_bits & ((1U << to_bits) - 1)));
    }
  }
  out.rest &= (1U << out.rest_bits) - 1;
  return out;
}

Error malformed(const char* why) {
  return {Errc::malformed, std::string("not valid Bech32: ") + why};
}

}  // namespace

std::string bech32_encode(std::string_view prefix, ByteView data) {
  Regrouped digits = regroup(data, 8, 5);
  if (digits.rest_bits > 0) {
    digits.groups.push_back(static_cast<std::uint8_t>(digits.rest << (5 - digits.rest_bits)));
  }
  const std::size_t data_digits = digits.groups.size();
  digits.groups.resize(data_digits + checksum_digits);
  const std::uint32_t checksum = polymod(prefix, digits.groups) ^ 1;
  for (std::size_t i = 0; i < checksum_digits; ++i) {
    digits.groups[data_digits + i] = static_cast<std::uint8_t>(checksum >> 5 * (checksum_digits - 1 - i) & 31);
  }

  std::string text;
  text.reserve(prefix.size() + 1 + digits.groups.size());
  text.append(prefix).push_back('1');
  for (const std::uint8_t digit : digits.groups) text.push_back(alphabet[digit]);
  wipe(digits.groups);
  return text;
}

Result<Bech32> bech32_decode(std::string_view text) {
  const bool lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (lower && upper) return malformed("upper and lower case are mixed");
  const std::size_t separator = text.rfind('1');
  if (separator == no_prefix || separator == 0) return malformed("the prefix before the last \"1\" is missing");
  const std::string_view prefix = text.substr(0, separator);
  if (std::ranges::any_of(prefix, [](char c) { return c < 33 || c > 126; })) {
    return malformed("the prefix has a character that is not printable ASCII");
  }
  const std::string_view body = text.substr(separator + 1);
  if (body.size() < checksum_digits) return malformed("it is too short for its checksum");

  Bytes digits;
  digits.reserve(body.size());
  for (const char c : body) {
    const std::size_t digit = alphabet.find(to_lower(c));
    if (digit == std::string_view::npos) {
      wipe(digits);
      return malformed("it has a character outside the Bech32 alphabet");
    }
    digits.push_back(static_cast<std::uint8_t>(digit));
  }
  const bool checksum_matches = polymod(prefix, digits) == 1;
  Regrouped data = regroup(ByteView(digits).first(digits.size() - checksum_digits), 5, 8);
  wipe(digits);
  if (!checksum_matches || data.rest_bits >= 5 || data.rest != 0) {
    wipe(data.groups);
    return checksum_matches ? malformed("its padding is not canonical")
                            : malformed("the checksum does not match; was it copied completely?");
  }
  return Bech32{std::string(prefix), std::move(data.groups)};
}

}  // namespace unavoce::crypto
