#include "crypto/password.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::crypto;

TEST_CASE("a password is recognised by its hash, another one is not", "[password]") {
  const std::string hash = hash_password("correct horse").value();
  CHECK(verify_password(hash, "correct horse"));
  CHECK_FALSE(verify_password(hash, "correct horsf"));
  CHECK_FALSE(verify_password(hash, ""));
}

TEST_CASE("the stored text names Argon2id with 64 MiB and three passes, and differs each time", "[password]") {
  const std::string hash = hash_password("same").value();
  CHECK(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
  CHECK(hash != hash_password("same").value());
}

TEST_CASE("text that is no hash belongs to no password", "[password]") {
  CHECK_FALSE(verify_password("", ""));
  CHECK_FALSE(verify_password("$argon2id$v=19$m=65536,t=3,p=1$", "x"));
  CHECK_FALSE(verify_password(nobodys_password_hash(), ""));
}
