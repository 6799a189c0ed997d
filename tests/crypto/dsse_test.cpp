#include "crypto/dsse.hpp"

#include <string>

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

/// Vector "single-signature" of secure-systems-lab/dsse, testvectors/vectors.json; key A is the first of RFC 8032.
const std::string vector_envelope =
    R"({"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==",)"
    R"("payloadType":"application/vnd.in-toto+json","signatures":[{"sig":)"
    R"("2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==","keyid":"A"}]})";

PublicKey key_a() {
  return must(
      PublicKey::from_bytes(must(from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))));
}

Envelope signed_envelope(const SigningKey& key) {
  const auto body = as_bytes(R"({"purpose":"minutes"})");
  Envelope envelope{"application/vnd.unavoce.request.v1+json", Bytes(body.begin(), body.end()), {}};
  add_signature(envelope, key);
  return envelope;
}

}  // namespace

TEST_CASE("PAE follows the DSSE protocol's example") {
  CHECK(as_text(pae("http://example.com/HelloWorld", as_bytes("hello world"))) ==
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  CHECK(as_text(pae("", {})) == "DSSEv1 0  0 ");
}

TEST_CASE("PAE counts bytes, not characters") {
  CHECK(as_text(pae("ex\u00e4mple", as_bytes("\u00fc"))) == "DSSEv1 8 ex\u00e4mple 2 \u00fc");
}

TEST_CASE("the public Ed25519 vectors of DSSE verify") {
  auto envelope = must(parse_envelope(vector_envelope));
  CHECK(
      to_hex(pae(envelope.payload_type, envelope.payload)) ==
      "445353457631203238206170706c69636174696f6e2f766e642e696e2d746f746f2b6a736f6e203433207b225f74797065223a226874747"
      "0733a2f2f696e2d746f746f2e696f2f53746174656d656e742f7631227d");
  envelope.signatures[0].keyid = key_a().text();
  CHECK(signed_by(envelope, 0, key_a()));
  envelope.payload_type = "application/vnd.example.other+json";
  CHECK_FALSE(signed_by(envelope, 0, key_a()));
}

TEST_CASE("the id of a statement is SHA-256 of its PAE") {
  CHECK(statement_id("t", as_bytes("b")) == sha256(as_bytes("DSSEv1 1 t 1 b")));
}

TEST_CASE("what is serialised is read back and still signed") {
  const auto key = SigningKey::generate();
  auto envelope = signed_envelope(key);
  const auto second = SigningKey::generate();
  add_signature(envelope, second);
  const auto read = must(parse_envelope(serialise(envelope)));
  CHECK(read.payload_type == envelope.payload_type);
  CHECK(read.payload == envelope.payload);
  REQUIRE(read.signatures.size() == 2);
  CHECK(signed_by(read, 0, key.public_key()));
  CHECK(signed_by(read, 1, second.public_key()));
  CHECK_FALSE(signed_by(read, 0, second.public_key()));
  CHECK_FALSE(signed_by(read, 2, key.public_key()));
}

TEST_CASE("the keyid must be the key's own text") {
  const auto key = SigningKey::generate();
  auto envelope = signed_envelope(key);
  envelope.signatures[0].keyid = SigningKey::generate().public_key().text();
  CHECK_FALSE(signed_by(envelope, 0, key.public_key()));
}

TEST_CASE("a signature over another type or body does not count") {
  const auto key = SigningKey::generate();
  auto envelope = signed_envelope(key);
  auto other_type = envelope;
  other_type.payload_type = "application/vnd.unavoce.approval.v1+json";
  CHECK_FALSE(signed_by(other_type, 0, key.public_key()));
  for (auto& byte : envelope.payload) {
    byte ^= 1;
    CHECK_FALSE(signed_by(envelope, 0, key.public_key()));
    byte ^= 1;
  }
}

TEST_CASE("an envelope of any other form is refused") {
  const std::string good = serialise(signed_envelope(SigningKey::generate()));
  REQUIRE(parse_envelope(good).has_value());
  const std::string bad[] = {
      "",
      "null",
      "[]",
      "{}",
      good + " {}",
      good.substr(0, good.size() - 1),
      replaced(good, "{\"payloadType\"", "{\"extra\":1,\"payloadType\""),
      replaced(good, "{\"keyid\"", "{\"extra\":1,\"keyid\""),
      replaced(good, "{\"payloadType\"", "{\"payloadType\":\"x\",\"payloadType\""),
      replaced(good, "{\"payloadType\"", "{\"payload\\u0054ype\":\"x\",\"payloadType\""),
      replaced(good, "\"payloadType\":\"", "\"payloadType\":1,\"x\":\""),
      replaced(good, "\"payload\":\"", "\"payload\":\" "),
      replaced(good, "\"payload\":\"e", "\"payload\":\"-"),
      replaced(good, "\"keyid\":\"", "\"kid\":\""),
      replaced(good, "==\"}]", "=\"}]"),
      replaced(good, "\"sig\":\"", "\"sig\":\"AAAA"),
      R"({"payloadType":"t","payload":"","signatures":[]})",
      R"({"payloadType":"t","payload":"","signatures":{}})",
      R"({"payloadType":"t","payload":"","signatures":["x"]})",
      R"({"payloadType":"t","payload":"","signatures":[{"keyid":"k","sig":null}]})",
  };
  for (const auto& json : bad) {
    INFO(json);
    CHECK(code_of(parse_envelope(json)) == Errc::malformed);
  }
}

TEST_CASE("an envelope has at most 64 KiB") {
  const std::string good = serialise(signed_envelope(SigningKey::generate()));
  CHECK(parse_envelope(good + std::string(max_envelope_bytes - good.size(), ' ')).has_value());
  CHECK(code_of(parse_envelope(good + std::string(max_envelope_bytes - good.size() + 1, ' '))) == Errc::too_large);
}
