#include "consent/statement_text.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"
#include "crypto/utf8.hpp"

namespace unavoce::consent {
namespace {

Error bad(std::string why) {
  return {Errc::malformed, std::move(why)};
}

bool hides_or_reorders(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool bidi = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || separator || bidi;
}

Result<void> check_form(std::string_view text, TextForm form) {
  const auto only = [&](auto allowed) { return std::ranges::all_of(text, allowed); };
  switch (form) {
    case TextForm::line:
    case TextForm::lines:
      break;  // looked at code point by code point
    case TextForm::https_url:
      if (!text.starts_with("https://") || !only([](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; }))
        return bad("is not an https:// address in printable ASCII");
      break;
    case TextForm::nonce: {
      const auto bytes = crypto::from_base64url(text);
      if (!bytes || bytes.value().size() != 32) return bad("is not 32 bytes in base64url without padding");
      break;
    }
    case TextForm::file_name:
      if (text.starts_with('.') ||
          !only([](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; }))
        return bad("is not a file name of a-z, 0-9, dots and hyphens");
      break;
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<void> check_text(std::string_view text, const Text& limit) {
  std::size_t length = 0;
  for (auto rest = text; !rest.empty(); ++length) {
    const auto c = crypto::take_code_point(rest);
    if (!c) return bad("is not UTF-8");
    if (hides_or_reorders(*c) && !(*c == U'\n' && limit.form == TextForm::lines))
      return bad("holds a control character or one that reorders text");
  }
  if (length < limit.least || length > limit.most)
    return bad("has " + std::to_string(length) + " characters, allowed are " + std::to_string(limit.least) + " to " +
               std::to_string(limit.most));
  return check_form(text, limit.form);
}

}  // namespace unavoce::consent
