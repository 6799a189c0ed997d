// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
//
// Thread: any. Errors: none of its own; a text is valid or it is not.
#pragma once

#include <optional>
#include <string_view>

namespace unavoce::crypto {

/// Takes the first code point off `text`; nothing if `text` is empty or does not begin with valid UTF-8.
std::optional<char32_t> take_code_point(std::string_view& text);

/// Whether all of `text` is valid UTF-8.
bool is_utf8(std::string_view text);

/// Whether no byte of `text` is above 0x7f; in a time that depends on the size only, as encoded keys pass here.
bool is_ascii(std::string_view text);

}  // namespace unavoce::crypto
