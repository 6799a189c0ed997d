// Texts in statements: people read them in prompts before they sign, so nothing in them may hide or reorder anything.
// Pure, any thread; private to consent/. Errors: malformed, with the reason but without the text.
#pragma once

#include <string_view>

#include "consent/error.hpp"
#include "consent/statement_fields.hpp"

namespace unavoce::consent {

/// Length in code points and form. In texts for people no control characters (C0, C1; LF only in `lines`), no line or
/// paragraph separators (U+2028, U+2029), no bidirectional overrides, embeddings or isolates (U+202A–E, U+2066–9).
Result<void> check_text(std::string_view text, const Text& limit);

}  // namespace unavoce::consent
