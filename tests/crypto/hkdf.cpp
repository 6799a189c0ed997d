#include "crypto/hkdf.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::crypto;

namespace {

std::string derive(std::string_view key, std::string_view salt, std::string_view info, std::size_t size) {
  const Bytes info_bytes = from_hex(info).value();
  Bytes out(size);
  hkdf_sha256(from_hex(key).value(), from_hex(salt).value(), as_text(info_bytes), out);
  return to_hex(out);
}

}  // namespace

TEST_CASE("HKDF-SHA256, RFC 5869 test case 1: basic") {
  CHECK(derive("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
               42) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST_CASE("HKDF-SHA256, RFC 5869 test case 2: longer inputs and outputs") {
  std::string key, salt, info;
  for (int i = 0; i < 80; ++i) {
    key += to_hex(Bytes{static_cast<std::uint8_t>(i)});
    salt += to_hex(Bytes{static_cast<std::uint8_t>(0x60 + i)});
    info += to_hex(Bytes{static_cast<std::uint8_t>(0xb0 + i)});
  }
  CHECK(derive(key, salt, info, 82) ==
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST_CASE("HKDF-SHA256, RFC 5869 test case 3: no salt, no info") {
  CHECK(derive("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("HKDF-SHA256 gives no more than 255 blocks") {
  Bytes most(255 * 32);
  CHECK_NOTHROW(hkdf_sha256({}, {}, "", most));
  Bytes too_much(255 * 32 + 1);
  CHECK_THROWS(hkdf_sha256({}, {}, "", too_much));
}
