// The public test vectors of age (C2SP CCTV, npm cctv-age). Only armor and hybrid ones are skipped, by name.
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <optional>

#include "crypto/age.hpp"
#include "crypto/file_key.hpp"
#include "tests/crypto/age_plaintext.hpp"
#include "tests/program.hpp"

namespace {

using namespace unavoce::crypto;
using unavoce::testing::Collector;

struct Vector {
  std::string expect;
  std::optional<std::string> payload_sha256;
  std::vector<Identity> identities;
  std::optional<std::string> passphrase;
  bool armored = false;
  Bytes sealed;
};

Vector read_vector(const std::string& path) {
  Vector vector;
  const Bytes file = unavoce::testing::read_file(path);
  std::string_view rest = as_text(file);
  for (;;) {
    const std::size_t end = rest.find('\n');
    REQUIRE(end != std::string_view::npos);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
    const std::string key(line.substr(0, line.find(": ")));
    const std::string value(line.substr(key.size() + 2));
    if (key == "expect") vector.expect = value;
    if (key == "payload") vector.payload_sha256 = value;
    if (key == "identity" && value.starts_with("AGE-SECRET-KEY-1")) {
      vector.identities.push_back(std::move(Identity::parse(value)).value());
    }
    if (key == "passphrase") vector.passphrase = value;
    if (key == "armored") vector.armored = true;
  }
  vector.sealed = Bytes(as_bytes(rest).begin(), as_bytes(rest).end());
  return vector;
}

/// The vectors by name, exported into a folder of this process.
std::map<std::string, Vector> all_vectors() {
  const unavoce::testing::TemporaryFolder folder;
  const auto exported =
      unavoce::testing::run("node " UNAVOCE_SOURCE_DIR "/tests/crypto/export_age_vectors.mjs " + (folder / "vectors"));
  INFO("the vectors come from npm: scripts/node-modules tests");
  REQUIRE(exported.exit_code == 0);
  std::map<std::string, Vector> vectors;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "vectors")) {
    vectors.emplace(entry.path().filename().string(), read_vector(entry.path().string()));
  }
  REQUIRE(vectors.size() >= 143);
  return vectors;
}

bool is_skipped(const std::string& name, const Vector& vector) {
  return vector.armored || name == "hybrid" || name.starts_with("hybrid_");
}

/// The outcome in the words of the vectors.
std::string outcome_of(const Result<void>& result, bool header_opened) {
  if (result) return "success";
  if (header_opened)
    return result.error().code == Errc::damaged ? "payload failure" : "unexpected: " + result.error().text;
  switch (result.error().code) {
    case Errc::damaged:
      return "HMAC failure";
    case Errc::not_for_you:
    case Errc::wrong_passphrase:
      return "no match";
    case Errc::malformed:
    case Errc::weak_key:
    case Errc::too_large:
      return "header failure";
    default:
      return "unexpected: " + result.error().text;
  }
}

Opener opener_for(const Vector& vector, Sink sink) {
  if (vector.passphrase) return Opener::with_passphrase(as_bytes(*vector.passphrase), std::move(sink));
  return Opener::with(vector.identities, std::move(sink));
}

}  // namespace

TEST_CASE("every public age vector ends as it should, and releases exactly the payload it should") {
  const auto vectors = all_vectors();
  std::string skipped;
  std::size_t skipped_count = 0;
  std::size_t run_count = 0;
  for (const auto& [name, vector] : vectors) {
    if (is_skipped(name, vector)) {
      skipped += ' ' + name;
      ++skipped_count;
      continue;
    }
    INFO("vector " << name);
    Collector released;
    Opener opener = opener_for(vector, released.sink());
    Result<void> result = opener.write(vector.sealed);
    if (result) result = opener.finish();
    CHECK(outcome_of(result, opener.header_opened()) == vector.expect);
    if (vector.payload_sha256) {
      CHECK(to_hex(sha256(released.bytes)) == *vector.payload_sha256);
    } else {
      CHECK(released.bytes.empty());
    }
    ++run_count;
  }
  std::cout << "age vectors: " << run_count << " run, " << skipped_count << " skipped (armor, hybrid):" << skipped
            << '\n';
  CHECK(skipped_count == 51);
  CHECK(run_count == 92);
}

TEST_CASE("a vector given one byte at a time ends as it does at once") {
  for (const auto& [name, vector] : all_vectors()) {
    if (is_skipped(name, vector) || vector.passphrase || vector.sealed.size() > 2000) continue;
    INFO("vector " << name);
    Collector released;
    Opener opener = opener_for(vector, released.sink());
    Result<void> result = boost::outcome_v2::success();
    for (std::size_t i = 0; i < vector.sealed.size() && result; ++i)
      result = opener.write(ByteView(vector.sealed).subspan(i, 1));
    if (result) result = opener.finish();
    CHECK(outcome_of(result, opener.header_opened()) == vector.expect);
  }
}

TEST_CASE("every header that is read is written again byte for byte") {
  std::size_t count = 0;
  for (const auto& [name, vector] : all_vectors()) {
    if (vector.armored || vector.expect == "header failure") continue;
    INFO("vector " << name);
    const auto parsed = parse_whole_header(vector.sealed);
    REQUIRE(parsed);
    CHECK(serialise(parsed.value().header) == as_text(ByteView(vector.sealed).first(parsed.value().size_bytes)));
    ++count;
  }
  CHECK(count == 50);
}

TEST_CASE("every payload of the vectors is sealed again byte for byte") {
  std::size_t count = 0;
  for (const auto& [name, vector] : all_vectors()) {
    if (is_skipped(name, vector) || vector.expect != "success") continue;
    INFO("vector " << name);
    const auto parsed = parse_whole_header(vector.sealed).value();
    const auto file_key = vector.passphrase
                              ? unwrap_with_passphrase(parsed.header.stanzas, as_bytes(*vector.passphrase))
                              : unwrap(parsed.header.stanzas, vector.identities);
    REQUIRE(file_key);
    const ByteView rest = ByteView(vector.sealed).subspan(parsed.size_bytes);
    const auto key = payload_key(file_key.value(), rest.first(payload_nonce_bytes));
    Collector opened;
    StreamOpener opener(key);
    REQUIRE(opener.write(rest.subspan(payload_nonce_bytes), opened.sink()));
    REQUIRE(opener.finish(opened.sink()));
    Collector sealed;
    StreamSealer sealer(key);
    REQUIRE(sealer.write(opened.bytes, sealed.sink()));
    REQUIRE(sealer.finish(sealed.sink()));
    CHECK(std::ranges::equal(sealed.bytes, rest.subspan(payload_nonce_bytes)));
    ++count;
  }
  CHECK(count == 15);
}
