#include "crypto/identity_file.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::crypto;

namespace {

std::string line_of(const Identity& identity) {
  const auto text = identity.secret_text();
  return std::string(as_text(text.view())) + '\n';
}

}  // namespace

TEST_CASE("an identity file gives its identities in order, without comments and empty lines") {
  const Identity first = Identity::generate();
  const Identity second = Identity::generate();
  const auto identities =
      parse_identities("# unavoce room key v1\n\n" + line_of(first) + "# more\r\n\r\n" + line_of(second));
  REQUIRE(identities);
  REQUIRE(identities.value().size() == 2);
  CHECK(identities.value()[0].recipient() == first.recipient());
  CHECK(identities.value()[1].recipient() == second.recipient());
}

TEST_CASE("the last line needs no line feed") {
  std::string text = line_of(Identity::generate());
  text.pop_back();
  CHECK(parse_identities(text));
}

TEST_CASE("a plugin line is an error, never a program to run") {
  const auto identities = parse_identities(line_of(Identity::generate()) + "AGE-PLUGIN-YUBIKEY-1XYZ\n");
  REQUIRE_FALSE(identities);
  CHECK(identities.error().code == Errc::unsupported);
  CHECK_THAT(identities.error().text, Catch::Contains("line 2"));
}

TEST_CASE("a hybrid identity is named as unsupported") {
  CHECK(parse_identities("AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR\n")
            .error()
            .code == Errc::unsupported);
}

TEST_CASE("a file without an identity is an error") {
  CHECK_FALSE(parse_identities(""));
  CHECK_FALSE(parse_identities("# only a comment\n"));
}

TEST_CASE("an error names the line and shows nothing of it") {
  std::string damaged = line_of(Identity::generate());
  damaged[40] = damaged[40] == 'Q' ? 'P' : 'Q';
  const auto identities = parse_identities("# one\n" + damaged);
  REQUIRE_FALSE(identities);
  CHECK_THAT(identities.error().text, Catch::Contains("line 2"));
  CHECK_THAT(identities.error().text, !Catch::Contains(damaged.substr(16, 10)));
}

TEST_CASE("leading white space and text after an identity are errors") {
  const std::string line = line_of(Identity::generate());
  CHECK_FALSE(parse_identities(" " + line));
  CHECK_FALSE(parse_identities(line.substr(0, line.size() - 1) + " # mine\n"));
}
