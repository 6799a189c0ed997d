#pragma once
// Looks at certificate and key before anything uses them, so that a wrong file is a clear sentence at the start and not
// a browser's riddle later: can they be read, are they PEM, do they belong together, is it their time? Pure but for
// reading the two files; any thread. Errors: config; io if a file cannot be read; unavailable if that, or a time that
// has not come, may pass. The text names the file and what to do, never its content.

#include <string>

#include "server/error.hpp"

namespace unavoce::server {

struct TlsFiles {
  std::string certificate;  // paths of PEM files
  std::string key;
};

/// Refuses files that no browser would accept now, and a key that asks for a passphrase: nobody is there to type it.
Result<void> check_tls_files(const TlsFiles& files);

}  // namespace unavoce::server
