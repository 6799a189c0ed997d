#include "crypto/x25519.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "crypto/bech32.hpp"

using namespace unavoce::crypto;

namespace {

/// An Identity with a chosen scalar, through its text form.
Identity identity_of(std::string_view hex) {
  std::string text = bech32_encode("age-secret-key-", from_hex(hex).value());
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return std::move(Identity::parse(text)).value();
}

std::array<std::uint8_t, 32> point_of(std::string_view hex) {
  std::array<std::uint8_t, 32> point{};
  std::ranges::copy(from_hex(hex).value(), point.begin());
  return point;
}

}  // namespace

TEST_CASE("X25519 gives the results of RFC 7748 section 5.2") {
  struct Case {
    const char *scalar, *point, *product;
  };
  const auto c = GENERATE(Case{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                               "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                               "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
                          Case{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                               "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                               "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"});
  CHECK(to_hex(identity_of(c.scalar).shared_secret(point_of(c.point)).value().view()) == c.product);
}

TEST_CASE("both sides of RFC 7748 section 6.1 get the same secret") {
  const Identity alice = identity_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const Identity bob = identity_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  CHECK(to_hex(alice.recipient().bytes()) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  CHECK(to_hex(bob.recipient().bytes()) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const std::string secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  CHECK(to_hex(alice.shared_secret(bob.recipient().bytes()).value().view()) == secret);
  CHECK(to_hex(bob.shared_secret(alice.recipient().bytes()).value().view()) == secret);
}

TEST_CASE("a recipient of low order is refused") {
  // https://cr.yp.to/ecdh.html#validate: the points whose order divides 8, in canonical encoding.
  const auto hex = GENERATE(as<std::string>(), "0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  const auto recipient = Recipient::parse(bech32_encode("age", from_hex(hex).value()));
  REQUIRE_FALSE(recipient);
  CHECK(recipient.error().code == Errc::weak_key);
  CHECK(Identity::generate().shared_secret(point_of(hex)).error().code == Errc::weak_key);
}

TEST_CASE("a recipient that is not canonical is refused") {
  const auto hex =
      GENERATE(as<std::string>(),
               "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p
               "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1
               "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 9, the base point again
               "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // 2^255 - 1
               "0900000000000000000000000000000000000000000000000000000000000080",  // top bit set
               "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
  const auto recipient = Recipient::from_bytes(from_hex(hex).value());
  REQUIRE_FALSE(recipient);
  CHECK(recipient.error().code == Errc::weak_key);
}

TEST_CASE("the example of c2sp.org/age: this identity has this recipient") {
  const auto identity = Identity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
  REQUIRE(identity);
  CHECK(identity.value().recipient().text() == "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj");
}

TEST_CASE("keys read back what they write") {
  const Identity identity = Identity::generate();
  const auto text = identity.secret_text();
  CHECK(Identity::parse(as_text(text.view())).value().recipient() == identity.recipient());
  CHECK(Recipient::parse(identity.recipient().text()).value() == identity.recipient());
}

TEST_CASE("two generated identities differ") {
  CHECK(Identity::generate().recipient() != Identity::generate().recipient());
}

TEST_CASE("a recipient has exactly one spelling") {
  std::string text = Identity::generate().recipient().text();
  SECTION("upper case") {
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  }
  SECTION("mixed case") {
    text.back() = static_cast<char>(text.back() == 'q' ? 'Q' : std::toupper(text.back())), text[0] = 'A';
  }
  SECTION("space at the end") {
    text += ' ';
  }
  SECTION("one character changed") {
    text[20] = text[20] == 'q' ? 'p' : 'q';
  }
  SECTION("one character missing") {
    text.pop_back();
  }
  SECTION("empty") {
    text.clear();
  }
  CHECK_FALSE(Recipient::parse(text));
}

TEST_CASE("an identity in lower case, of another kind or damaged is refused") {
  const auto secret = Identity::generate().secret_text();
  std::string text(as_text(secret.view()));
  SECTION("lower case") {
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
  }
  SECTION("one character changed") {
    text[30] = text[30] == 'Q' ? 'P' : 'Q';
  }
  SECTION("a recipient") {
    text = Identity::generate().recipient().text();
  }
  SECTION("31 bytes") {
    text = bech32_encode("age-secret-key-", Bytes(31, 1));
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  }
  const auto identity = Identity::parse(text);
  REQUIRE_FALSE(identity);
  CHECK(identity.error().text.find(text.substr(16, 12)) == std::string::npos);
}
