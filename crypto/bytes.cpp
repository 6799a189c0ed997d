#include "crypto/bytes.hpp"

#include <sodium.h>

#include "crypto/utf8.hpp"

namespace unavoce::crypto {

namespace {

std::string encode(ByteView bytes, int variant) {
  // sodium_bin2base64 wants room for the terminating NUL as well.
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();
  return text;
}

Result<Bytes> decode(std::string_view text, int variant, const char* name) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  // libsodium 1.0.18 takes some bytes above 0x7f for a character of the alphabet, 0xb2 for '/': its comparison looks at
  // 8 bits of a sign-extended char. fuzz_signed_note found it. ignore=NULL: no white space; b64_end=NULL: everything
  // must be consumed. libsodium refuses non-zero trailing bits.
  if (!is_ascii(text) ||
      sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr, variant) != 0) {
    return Error{Errc::malformed, std::string("this is not canonical ") + name};
  }
  bytes.resize(size);
  return bytes;
}

/// -1 for anything but a lower-case hex digit; without branches on the digit's value, as keys pass here too.
int hex_value(char digit) {
  const int c = static_cast<unsigned char>(digit);
  const int is_number = (('0' - 1 - c) & (c - ('9' + 1))) >> 8;  // all ones if true, else zero
  const int is_letter = (('a' - 1 - c) & (c - ('f' + 1))) >> 8;
  return (is_number & (c - '0' + 1)) + (is_letter & (c - 'a' + 11)) - 1;
}

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error{Errc::malformed, "hex needs two digits for every byte"};
  Bytes bytes(text.size() / 2);
  int invalid = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    invalid |= high | low;  // negative as soon as one of them is
    bytes[i] = static_cast<std::uint8_t>((high & 0xf) << 4 | (low & 0xf));
  }
  if (invalid < 0) return Error{Errc::malformed, "hex may contain only the digits 0-9 and a-f"};
  return bytes;
}

std::string to_base64(ByteView bytes) {
  return encode(bytes, sodium_base64_VARIANT_ORIGINAL);
}
Result<Bytes> from_base64(std::string_view text) {
  return decode(text, sodium_base64_VARIANT_ORIGINAL, "base64 (standard alphabet, padded)");
}

std::string to_base64url(ByteView bytes) {
  return encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
Result<Bytes> from_base64url(std::string_view text) {
  return decode(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, "base64url (no padding)");
}

}  // namespace unavoce::crypto
