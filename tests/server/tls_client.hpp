// The client's side of TLS for Socket, on OpenSSL itself, and certificates made for one test. Throws
// std::runtime_error.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace unavoce::server::test {

/// TLS over a connected socket that stays the caller's; believes one certificate only, for the name "localhost".
class TlsLayer {
 public:
  TlsLayer(int fd, const std::filesystem::path& trusted);

  /// As send(2) and recv(2).
  ssize_t write(std::string_view bytes);
  ssize_t read(std::span<char> into);
  /// True when decrypted bytes wait that poll(2) knows nothing of.
  bool has_pending() const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

/// A self-signed certificate for "localhost" and its key, valid for an hour around now; PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};
Certificate new_certificate(std::chrono::hours valid_from = std::chrono::hours(-1),
                            std::chrono::hours valid_to = std::chrono::hours(1));

/// The same key as PEM under a passphrase.
std::string with_passphrase(const std::string& key);

}  // namespace unavoce::server::test
