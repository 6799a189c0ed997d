#include "crypto/secret.hpp"

#include <algorithm>

#include "crypto/random.hpp"
#include "crypto/slot_aead.hpp"
#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

TEST_CASE("wiping a text leaves none of it in its memory") {
  std::string text(200, 's');
  const char* const memory = text.data();
  text.resize(10);  // the rest is still there
  wipe(text);
  CHECK(text.empty());
  CHECK(std::all_of(memory, memory + 200, [](char c) { return c == '\0'; }));
}

TEST_CASE("a new secret is zero, a moved one leaves nothing behind") {
  Secret<32> secret;
  CHECK(std::ranges::all_of(secret.view(), [](auto byte) { return byte == 0; }));
  SecretBytes first = SecretBytes::random(48);
  const Bytes copy(first.view().begin(), first.view().end());
  SecretBytes second = std::move(first);
  CHECK(std::ranges::equal(second.view(), copy));
  CHECK(first.size() == 0);  // NOLINT(bugprone-use-after-move): that is the promise
}

TEST_CASE("a secret of the wrong size is a broken invariant") {
  CHECK_THROWS_AS(Secret<32>::from(Bytes(31)), std::invalid_argument);
}

TEST_CASE("two random secrets differ") {
  CHECK_FALSE(std::ranges::equal(Secret<32>::random().view(), Secret<32>::random().view()));
  CHECK(random_array<16>() != random_array<16>());
}

TEST_CASE("a blob opens with its slot key and context") {
  const auto key = Secret<32>::random();
  const auto sealed = seal_blob(key.view(), as_bytes("W"), as_bytes("approval 1"));
  CHECK(as_text(must(open_blob(key.view(), sealed, as_bytes("approval 1")))) == "W");
  CHECK(must(open_blob(key.view(), seal_blob(key.view(), {}, {}), {})).empty());
}

TEST_CASE("a blob opens with no other key, no other context, and not after any change") {
  const auto key = Secret<32>::random();
  const auto context = as_bytes("approval 1");
  auto sealed = seal_blob(key.view(), as_bytes("W"), context);
  CHECK(code_of(open_blob(Secret<32>::random().view(), sealed, context)) == Errc::damaged);
  CHECK(code_of(open_blob(key.view(), sealed, as_bytes("approval 2"))) == Errc::damaged);
  for (auto& byte : sealed) {
    byte ^= 1;
    CHECK(code_of(open_blob(key.view(), sealed, context)) == Errc::damaged);
    byte ^= 1;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    CHECK(code_of(open_blob(key.view(), ByteView(sealed).first(size), context)) == Errc::damaged);
  }
}
