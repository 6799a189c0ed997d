// Passphrases: from a file descriptor or typed on the terminal without echo; never from arguments or the environment.
//
// Owner: the caller, in secret memory. Thread: main, blocking. Errors: usage if there is nobody to ask, io.
#pragma once

#include <string_view>

#include "cli/commands.hpp"
#include "crypto/secret.hpp"

namespace unavoce::cli {

/// Whether a passphrase typed on the terminal must be typed twice: for new ones, a slip would lock the file for good.
enum class Typing { once, twice };

/// At most 1024 bytes, not empty, without its line feed. `prompt` names what it is for.
Result<crypto::SecretBytes> read_passphrase(const PassphraseOptions& options, std::string_view prompt, Typing typing);

}  // namespace unavoce::cli
