#include "crypto/hash.hpp"

#include <string>

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

TEST_CASE("SHA-256 follows FIPS 180-4") {
  CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("SHA-256 of a stream is that of the whole, and the object starts again after finish") {
  const std::string text(100'000, 'u');
  Sha256 stream;
  for (std::size_t at = 0; at < text.size(); at += 777) stream.update(as_bytes(std::string_view(text).substr(at, 777)));
  CHECK(stream.finish() == sha256(as_bytes(text)));
  CHECK(stream.finish() == sha256({}));
}

TEST_CASE("HMAC-SHA-256 follows RFC 4231") {
  struct Vector {
    Bytes key;
    Bytes message;
    std::string mac;
  };
  const auto text = [](std::string_view value) { return Bytes(value.begin(), value.end()); };
  const auto hex = [](std::string_view value) { return must(from_hex(value)); };
  const Vector vectors[] = {
      {Bytes(20, 0x0b), text("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {text("Jefe"), text("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       text("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
            "hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& vector : vectors) CHECK(to_hex(hmac_sha256(vector.key, vector.message)) == vector.mac);
}

TEST_CASE("HMAC-SHA-1 follows RFC 2202") {
  const auto mac = [](const Bytes& key, std::string_view message) { return to_hex(hmac_sha1(key, as_bytes(message))); };
  CHECK(mac(Bytes(20, 0x0b), "Hi There") == "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(mac({'J', 'e', 'f', 'e'}, "what do ya want for nothing?") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(mac(Bytes(20, 0xaa), std::string(50, '\xdd')) == "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
  CHECK(mac(Bytes(80, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  CHECK(mac(Bytes(80, 0xaa), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data") ==
        "e8e99d0f45237d786d6bbaa7965c7808bbff1a91");
}

TEST_CASE("constant-time comparison sees every difference") {
  Bytes left(40, 7);
  Bytes right = left;
  CHECK(equal_constant_time(left, right));
  CHECK(equal_constant_time({}, {}));
  CHECK_FALSE(equal_constant_time(left, ByteView(right).first(39)));
  for (auto& byte : right) {
    byte ^= 0x80;
    CHECK_FALSE(equal_constant_time(left, right));
    byte ^= 0x80;
  }
}
