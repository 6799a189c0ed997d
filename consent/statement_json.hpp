// Bodies of statements to and from JSON, by the descriptions in statement_fields.hpp. Private to consent/; the one
// place that knows the JSON library. Pure, any thread. Errors: malformed, naming the field.
#pragma once

#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "consent/statement_types.hpp"
#include "crypto/bytes.hpp"

namespace unavoce::consent {

/// Strict: every key once and no other, right types, limits. For each of the nine kinds of statement.
template <class S>
Result<S> read_body(crypto::ByteView json);

/// The body with its keys in the order of docs/FORMATS.md, without white space. Does not check limits.
template <class S>
std::string write_body(const S& body);

/// What one statement must agree on with itself beyond single fields (E exactly with a scope, lists in order, …).
Result<void> check_body(const Room& room);
Result<void> check_body(const Request& request);
Result<void> check_body(const Approval& approval);
Result<void> check_body(const Refusal& refusal);
Result<void> check_body(const Confirmation& confirmation);
Result<void> check_body(const Withdrawal& withdrawal);
Result<void> check_body(const Take& take);
Result<void> check_body(const Track& track);
Result<void> check_body(const Seal& seal);
Result<void> check_body(const Erased& erased);

}  // namespace unavoce::consent
