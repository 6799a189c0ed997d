#include "crypto/ed25519.hpp"

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {

Bytes hex(std::string_view text) {
  return must(from_hex(text));
}

/// Little-endian addition of the group order L to the second half of a signature: the same S modulo L, not canonical.
Signature with_s_plus_order(Signature signature) {
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = signature[32 + i] + order[i] + carry;
    signature[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  REQUIRE(carry == 0);
  return signature;
}

}  // namespace

TEST_CASE("Ed25519 follows RFC 8032 section 7.1") {
  struct Vector {
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  };
  const Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
       "4655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
       "eb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28"
       "dc027beceea1ec40a"},
  };
  for (const auto& vector : vectors) {
    const auto key = must(SigningKey::from_seed(hex(vector.seed)));
    CHECK(to_hex(key.public_key().bytes()) == vector.public_key);
    const auto signature = key.sign(hex(vector.message));
    CHECK(to_hex(signature) == vector.signature);
    CHECK(verify(key.public_key(), hex(vector.message), signature));
  }
}

TEST_CASE("a signature holds for its message and its key only") {
  const auto key = SigningKey::generate();
  auto signature = key.sign(as_bytes("I approve"));
  CHECK(verify(key.public_key(), as_bytes("I approve"), signature));
  CHECK_FALSE(verify(key.public_key(), as_bytes("I approvE"), signature));
  CHECK_FALSE(verify(SigningKey::generate().public_key(), as_bytes("I approve"), signature));
  for (auto& byte : signature) {
    byte ^= 1;
    CHECK_FALSE(verify(key.public_key(), as_bytes("I approve"), signature));
    byte ^= 1;
  }
}

TEST_CASE("a signature whose S is not canonical is refused (RFC 8032 section 5.1.7)") {
  const auto key = must(SigningKey::from_seed(Bytes(32, 1)));
  const auto signature = key.sign(as_bytes("x"));
  CHECK_FALSE(verify(key.public_key(), as_bytes("x"), with_s_plus_order(signature)));
}

TEST_CASE("a key that would let a signature prove nothing is refused") {
  const char* const weak[] = {
      // The points of order 1, 2, 4 and 8.
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      // The same with y + p or with the sign of zero: not canonical.
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      // y = 2 is not on the curve.
      "0200000000000000000000000000000000000000000000000000000000000000",
      // A good point plus one of order 2: outside the main subgroup (the first key of RFC 8032, negated y and sign).
      "16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5",
  };
  for (const char* key : weak) {
    INFO(key);
    CHECK(code_of(PublicKey::from_bytes(hex(key))) == Errc::weak_key);
  }
}

TEST_CASE("a public key has one text of 43 characters") {
  const auto key = SigningKey::generate().public_key();
  CHECK(key.text().size() == 43);
  CHECK(must(PublicKey::parse(key.text())) == key);
  CHECK(code_of(PublicKey::parse(key.text() + "=")) == Errc::malformed);
  CHECK(code_of(PublicKey::parse(key.text().substr(1))) == Errc::malformed);
  CHECK(code_of(PublicKey::parse("")) == Errc::malformed);
  CHECK(code_of(PublicKey::from_bytes(Bytes(31))) == Errc::malformed);
  CHECK(code_of(SigningKey::from_seed(Bytes(33))) == Errc::malformed);
}

TEST_CASE("a seed brings the same key back") {
  const auto key = SigningKey::generate();
  CHECK(must(SigningKey::from_seed(key.seed().view())).public_key() == key.public_key());
}
