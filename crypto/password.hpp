// Passwords of host accounts: Argon2id (RFC 9106) by libsodium, with its parameters and salt inside the text that is
// kept.
//
// Owner: the caller wipes the password. Thread: a worker; one call takes about 0.1 s and 64 MiB. Errors: Errc::io when
// that memory is not to be had.
#pragma once

#include <string>
#include <string_view>

#include "crypto/error.hpp"

namespace unavoce::crypto {

/// `$argon2id$…` with 64 MiB and three passes (RFC 9106 section 4, second recommendation).
Result<std::string> hash_password(std::string_view password);

/// Whether the password belongs to the hash. A text that is no hash belongs to no password.
bool verify_password(const std::string& hash, std::string_view password);

/// A hash that belongs to no password anybody knows: verify against it when there is no such account, so that both
/// answers take equally long.
const std::string& nobodys_password_hash();

}  // namespace unavoce::crypto
