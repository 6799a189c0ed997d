#include "crypto/base64raw.hpp"

#include <sodium.h>

#include "crypto/utf8.hpp"

namespace unavoce::crypto {

std::string to_base64raw(ByteView bytes) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();  // libsodium writes a terminating NUL
  return text;
}

Result<Bytes> from_base64raw(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  // is_ascii: see from_base64() about libsodium. ignore = NULL: no white space is skipped; b64_end = NULL: everything
  // must be consumed.
  if (!is_ascii(text) || sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                                           nullptr, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0) {
    return Error{Errc::malformed, "this is not canonical base64 (standard alphabet, no padding)"};
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace unavoce::crypto
