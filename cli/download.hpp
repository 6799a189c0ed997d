// Fetches from a server over https: a recording's bundle into an open file, or something small and public. TLS is
// verified, redirects are not followed, so the token goes nowhere else. http is allowed to this machine only.
//
// Thread: main, blocking, with a progress bar. Errors: usage for the address, io for the network, failed for refusals.
#pragma once

#include <string>

#include "cli/error.hpp"
#include "crypto/secret.hpp"

namespace unavoce::cli {

/// Whether RECORDING is meant as an address.
bool is_address(const std::string& recording);

/// The API address of the bundle: `https://host[/base][/api/v1]/recordings/<id>[/bundle]` all mean the same.
Result<std::string> bundle_address(const std::string& recording);

/// Writes the answer's body to `fd`.
Result<void> download(const std::string& address, const crypto::SecretBytes& token, int fd);

/// The address of a service, `https://host[/base]`, without a final '/' and without `/ledger`.
Result<std::string> service_address(const std::string& url);

/// What is at a public address, at most `limit_bytes`. Errors: failed for a refusal (the text names the status), io.
Result<std::string> fetch_public(const std::string& address, std::size_t limit_bytes);

}  // namespace unavoce::cli
