// Identity files from disk, in the clear or sealed with a passphrase.
//
// Owner: the caller. Thread: main, blocking. Errors: failed for a file that is no identity file, not_for_you for a
// wrong passphrase, io.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::cli {

/// The text of an identity file or room key, opened with the passphrase if it is sealed with one.
Result<crypto::SecretBytes> read_identity_text(const std::string& path, const PassphraseOptions& passphrase);

/// All identities of all files, in order.
Result<std::vector<crypto::Identity>> read_identities(const std::vector<std::string>& paths,
                                                      const PassphraseOptions& passphrase);

}  // namespace unavoce::cli
