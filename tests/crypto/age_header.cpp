#include "crypto/age_header.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::crypto;

namespace {

Header sample() {
  Header header;
  header.stanzas.push_back({"X25519", {"abc"}, Bytes(32, 7)});
  header.stanzas.push_back({"unavoce.track/v1", {"rec=1", "take=2"}, {}});
  header.stanzas.push_back({"long", {}, Bytes(96, 9)});  // fills two lines exactly, so an empty one follows
  header.mac.fill(0x42);
  return header;
}

}  // namespace

TEST_CASE("a header is read back as it was written, and says where it ends") {
  const std::string text = serialise(sample());
  const auto parsed = parse_whole_header(as_bytes(text + "payload"));
  REQUIRE(parsed);
  CHECK(parsed.value().header.stanzas == sample().stanzas);
  CHECK(parsed.value().header.mac == sample().mac);
  CHECK(parsed.value().size_bytes == text.size());
}

TEST_CASE("every beginning of a good header asks for more") {
  const std::string text = serialise(sample());
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size << " of " << text.size() << " bytes");
    const auto parsed = parse_header(as_bytes(text).first(size));
    REQUIRE(parsed);
    CHECK_FALSE(parsed.value());
  }
}

TEST_CASE("a header that is cut off is malformed when no more will come") {
  const std::string text = serialise(sample());
  CHECK(parse_whole_header(as_bytes(text).first(text.size() - 1)).error().code == Errc::malformed);
}

TEST_CASE("a file of another kind is refused at its first bytes") {
  CHECK(parse_header(as_bytes("PK\x03\x04")).error().code == Errc::malformed);
  CHECK(parse_header(as_bytes("age-encryption.org/v2\n")).error().code == Errc::malformed);
}

TEST_CASE("an armored file is named as such") {
  CHECK(parse_header(as_bytes("-----BEGIN AGE ENCRYPTED FILE-----\n")).error().code == Errc::unsupported);
}

TEST_CASE("a header without end is refused before it fills the memory") {
  std::string text = "age-encryption.org/v1\n";
  while (text.size() < max_header_bytes) text += "-> X\n\n";
  CHECK(parse_header(as_bytes(text)).error().code == Errc::too_large);
}

TEST_CASE("a header needs at least one stanza") {
  CHECK(
      parse_header(as_bytes("age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")).error().code ==
      Errc::malformed);
}
