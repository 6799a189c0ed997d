#include "crypto/bech32.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::crypto;

TEST_CASE("Bech32 reads the valid examples of BIP 173 that hold whole bytes") {
  const auto text =
      GENERATE(as<std::string>(), "A12UEL5L", "a12uel5l",
               "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
               "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w");
  CHECK(bech32_decode(text));
}

TEST_CASE("Bech32 refuses the invalid examples of BIP 173") {
  const auto text = GENERATE(as<std::string>(),
                             "\x20"
                             "1nwldj5",
                             "\x7f"
                             "1axkwrx",
                             "\x80"
                             "1eym55h",
                             "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "de1lg7wt\xff", "A1G7SGD8",
                             "10a06t8", "1qzzfhee", "a12UEL5L");
  CHECK_FALSE(bech32_decode(text));
}

TEST_CASE("Bech32 refuses padding bits that are not zero, and padding that is not needed") {
  CHECK(bech32_decode("age1luyvfgxs").value().data == Bytes{0xff});
  CHECK_FALSE(bech32_decode("age1lae6aamz"));   // the last of two padding bits is set
  CHECK_FALSE(bech32_decode("age1luqrr2q7m"));  // seven padding bits
}

TEST_CASE("Bech32 gives back what it was given, at every length") {
  for (std::size_t size = 0; size < 100; ++size) {
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i * 37 + size);
    const auto decoded = bech32_decode(bech32_encode("age", data));
    REQUIRE(decoded);
    CHECK(decoded.value().prefix == "age");
    CHECK(decoded.value().data == data);
  }
}

TEST_CASE("Bech32 notices any single changed character") {
  const std::string text = bech32_encode("age", Bytes(32, 0x5a));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'q' ? 'p' : 'q';
    if (changed == text) continue;
    INFO(changed);
    CHECK_FALSE(bech32_decode(changed));
  }
}
