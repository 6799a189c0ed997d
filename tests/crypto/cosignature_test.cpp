// Cosignatures (c2sp.org/tlog-cosignature): the signed bytes put together by hand, and everything that is none.
#include "crypto/cosignature.hpp"

#include <catch2/catch.hpp>

#include "crypto/hash.hpp"

using namespace unavoce::crypto;

namespace {

const std::string text = "example.org/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
constexpr std::uint64_t moment = 1'679'315'147;

SigningKey key(std::uint8_t first) {
  std::array<std::uint8_t, 32> seed{first};
  return SigningKey::from_seed(seed).value();
}
Cosigner witness(std::uint8_t first = 1, std::string_view name = "witness.example/w1") {
  return Cosigner::create(name, key(first)).value();
}
std::string log_line() {
  return NoteSigner::create("example.org/log", key(9)).value().signature_line(text);
}
std::string note_with(const std::string& lines) {
  return text + "\n" + log_line() + lines;
}
Bytes after_name(const std::string& line) {
  const auto base64 = line.substr(line.rfind(' ') + 1);
  return from_base64(std::string_view(base64).substr(0, base64.size() - 1)).value();
}

}  // namespace

TEST_CASE("a cosignature is key id, time and a signature over time and text") {
  const std::string line = witness().cosign(text, moment);
  CHECK(line.starts_with("\u2014 witness.example/w1 "));
  const Bytes bytes = after_name(line);
  REQUIRE(bytes.size() == 4 + 8 + 64);
  Bytes named = {'w', 'i', 't', 'n', 'e', 's', 's', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '/', 'w', '1', '\n', 4};
  const auto public_key = key(1).public_key();
  named.insert(named.end(), public_key.bytes().begin(), public_key.bytes().end());
  const Digest id = sha256(named);
  CHECK(std::equal(bytes.begin(), bytes.begin() + 4, id.begin()));
  CHECK(Bytes(bytes.begin() + 4, bytes.begin() + 12) == Bytes{0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb});
  Signature signature;
  std::copy(bytes.begin() + 12, bytes.end(), signature.begin());
  CHECK(verify(public_key, as_bytes("cosignature/v1\ntime 1679315147\n" + text), signature));
}

TEST_CASE("the time of a cosignature is read from a note, the latest of several, and nothing where there is none") {
  const auto verifier = CosignatureVerifier::parse(witness().verifier().vkey()).value();
  CHECK(verifier.time_in(note_with(witness().cosign(text, moment))).value() == moment);
  CHECK(verifier.time_in(note_with(witness().cosign(text, moment) + witness().cosign(text, moment + 60))).value() ==
        moment + 60);
  CHECK_FALSE(verifier.time_in(note_with("")).value());
  CHECK_FALSE(verifier.time_in(note_with(witness(2).cosign(text, moment))).value());
  CHECK_FALSE(verifier.time_in(note_with(witness(1, "other").cosign(text, moment))).value());
  CHECK_FALSE(verifier.time_in("no note"));
}

TEST_CASE("a note with cosignatures is still the log's note") {
  const auto log = NoteVerifier::from_key("example.org/log", key(9).public_key()).value();
  CHECK(open_note(note_with(witness().cosign(text, moment)), {&log, 1}).value() == text);
}

TEST_CASE("every changed byte of a cosignature, and another text or time, is refused") {
  const auto verifier = witness().verifier();
  const std::string line = witness().cosign(text, moment);
  const Bytes good = after_name(line);
  for (std::size_t i = 4; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    CAPTURE(i);
    CHECK(verifier.time_in(note_with("\u2014 witness.example/w1 " + to_base64(bad) + "\n")).error().code ==
          Errc::bad_signature);
  }
  CHECK(verifier.pick(line, text + "more\n").error().code == Errc::bad_signature);
  CHECK(verifier.time_in(note_with(witness().cosign(text, std::uint64_t{1} << 63))).error().code ==
        Errc::bad_signature);
  CHECK(verifier.time_in(note_with(witness().cosign(text, 0))).error().code == Errc::bad_signature);
  CHECK(
      verifier.time_in(note_with("\u2014 witness.example/w1 " + to_base64(Bytes(good.begin(), good.end() - 1)) + "\n"))
          .error()
          .code == Errc::bad_signature);
}

TEST_CASE("of what a witness answers only its own good line is taken") {
  const std::string line = witness().cosign(text, moment);
  CHECK(witness().verifier().pick(witness(2).cosign(text, moment) + line, text).value().text == line);
  CHECK(witness().verifier().pick(witness(2).cosign(text, moment), text).error().code == Errc::bad_signature);
  for (const char* none : {"", "\n", "good\n", "<html>"}) CHECK_FALSE(witness().verifier().pick(none, text));
  CHECK_FALSE(witness().verifier().pick(line.substr(0, line.size() - 1), text));
}

TEST_CASE("a vkey of a witness is none of a log, and the other way round") {
  const std::string cosigning = witness().verifier().vkey();
  CHECK(NoteVerifier::parse(cosigning).error().code == Errc::unsupported);
  const std::string signing = NoteVerifier::from_key("example.org/log", key(9).public_key()).value().vkey();
  CHECK(CosignatureVerifier::parse(signing).error().code == Errc::unsupported);
  CHECK(CosignatureVerifier::parse(cosigning).value().vkey() == cosigning);
  std::string changed = cosigning;
  for (auto& c : changed) {
    ++c;
    CHECK_FALSE(CosignatureVerifier::parse(changed).has_value());
    --c;
  }
  CHECK_FALSE(Cosigner::create("with space", key(1)));
}
