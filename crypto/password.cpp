#include "crypto/password.hpp"

#include <sodium.h>

#include <array>

#include "crypto/bytes.hpp"
#include "crypto/random.hpp"

namespace unavoce::crypto {

Result<std::string> hash_password(std::string_view password) {
  constexpr unsigned long long passes = 3;
  constexpr std::size_t memory_bytes = std::size_t{64} << 20;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), passes, memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{Errc::io, "cannot hash a password: 64 MiB of memory are not to be had; raise the memory limit"};
  }
  return std::string(text.data());
}

bool verify_password(const std::string& hash, std::string_view password) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

const std::string& nobodys_password_hash() {
  static const std::string hash = [] {
    const auto password = random_array<32>();
    auto made = hash_password(as_text(password));
    return made ? std::move(made).value() : std::string();
  }();
  return hash;
}

}  // namespace unavoce::crypto
