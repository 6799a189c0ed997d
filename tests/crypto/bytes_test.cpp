#include "crypto/bytes.hpp"

#include <string>

#include "crypto/base64raw.hpp"
#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {
std::string text_of(const Bytes& bytes) {
  return std::string(as_text(bytes));
}
}  // namespace

TEST_CASE("hex is lower case, two digits per byte, and nothing else") {
  CHECK(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}) == "000fa0ff");
  CHECK(must(from_hex("000fa0ff")) == Bytes{0x00, 0x0f, 0xa0, 0xff});
  CHECK(must(from_hex("")).empty());
  for (const char* bad : {"0", "0F", "0g", "0x", " 00", "00 ", "0/", "0:", "0`", "0@", "\xc3\xa4"}) {
    INFO(bad);
    CHECK(code_of(from_hex(bad)) == Errc::malformed);
  }
}

TEST_CASE("hex decodes every byte to itself") {
  for (int value = 0; value < 256; ++value) {
    const Bytes byte{static_cast<std::uint8_t>(value)};
    REQUIRE(must(from_hex(to_hex(byte))) == byte);
  }
}

TEST_CASE("base64 follows the vectors of RFC 4648 section 10") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(to_base64(as_bytes(plain)) == encoded);
    CHECK(text_of(must(from_base64(encoded))) == plain);
  }
}

TEST_CASE("base64 accepts one spelling of each value only") {
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Z g==", "Zg==Zg==", "-_8=", "=", "Z"}) {
    INFO(bad);
    CHECK(code_of(from_base64(bad)) == Errc::malformed);
  }
}

TEST_CASE("base64url has no padding and its own alphabet") {
  CHECK(to_base64url(Bytes{0xfb, 0xff}) == "-_8");
  CHECK(must(from_base64url("-_8")) == Bytes{0xfb, 0xff});
  for (const char* bad : {"-_8=", "+/8", "-_9", "-", "-_8\n"}) {
    INFO(bad);
    CHECK(code_of(from_base64url(bad)) == Errc::malformed);
  }
}

TEST_CASE("of all bytes only the 64 of each alphabet are accepted, and they spell one value each") {
  struct Alphabet {
    std::string (*encode)(ByteView);
    Result<Bytes> (*decode)(std::string_view);
  };
  for (const auto& [encode, decode] : {Alphabet{to_base64, from_base64}, Alphabet{to_base64url, from_base64url},
                                       Alphabet{to_base64raw, from_base64raw}}) {
    int accepted = 0;
    for (int byte = 0; byte < 256; ++byte) {
      const std::string text{'A', 'A', static_cast<char>(byte), 'A'};
      const auto value = decode(text);
      if (!value) continue;
      ++accepted;
      CHECK(encode(value.value()) == text);
    }
    CHECK(accepted == 64);
  }
}
