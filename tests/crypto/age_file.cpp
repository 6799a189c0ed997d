// Whole age files: who can open them, and what happens to those who cannot.
#include <algorithm>
#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "crypto/range_opener.hpp"
#include "tests/crypto/age_plaintext.hpp"

using namespace unavoce::crypto;
using namespace unavoce::testing;

namespace {

std::vector<Identity> some_identities(std::size_t count) {
  std::vector<Identity> identities;
  for (std::size_t i = 0; i < count; ++i) identities.push_back(Identity::generate());
  return identities;
}

std::vector<Recipient> recipients_of(const std::vector<Identity>& identities) {
  std::vector<Recipient> recipients;
  for (const Identity& identity : identities) recipients.push_back(identity.recipient());
  return recipients;
}

RangeOpener::ReadAt reader_of(const Bytes& file) {
  return [&file](std::uint64_t offset, std::span<std::uint8_t> out) -> Result<void> {
    if (offset + out.size() > file.size()) return Error{Errc::io, "read past the end"};
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return boost::outcome_v2::success();
  };
}

}  // namespace

TEST_CASE("each of several recipients opens the file alone") {
  const auto identities = some_identities(3);
  const Bytes plain = plaintext(1000);
  const Bytes sealed = seal(plain, recipients_of(identities)).value();
  CHECK(count_x25519_stanzas(sealed).value() == 3);
  for (const Identity& identity : identities) CHECK(to_bytes(open(sealed, {&identity, 1}).value().view()) == plain);
}

TEST_CASE("a file for somebody else is not for you, which is not the same as damaged") {
  const auto sealed = seal(plaintext(10), recipients_of(some_identities(2))).value();
  CHECK(open(sealed, some_identities(2)).error().code == Errc::not_for_you);
  CHECK(open(sealed, {}).error().code == Errc::not_for_you);
}

TEST_CASE("any changed byte of the header is noticed") {
  const auto identities = some_identities(1);
  const Bytes sealed = seal(plaintext(10), recipients_of(identities)).value();
  const std::size_t header_bytes = parse_whole_header(sealed).value().size_bytes;
  for (std::size_t i = 0; i < header_bytes; ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    INFO("byte " << i);
    CHECK_FALSE(open(changed, identities));
  }
}

TEST_CASE("an added stanza is noticed by the MAC") {
  const auto identities = some_identities(1);
  const Bytes sealed = seal(plaintext(10), recipients_of(identities)).value();
  auto parsed = parse_whole_header(sealed).value();
  parsed.header.stanzas.push_back({"note", {"from=nobody"}, {}});
  const std::string header = serialise(parsed.header);
  Bytes changed(header.begin(), header.end());
  changed.insert(changed.end(), sealed.begin() + static_cast<std::ptrdiff_t>(parsed.size_bytes), sealed.end());
  CHECK(open(changed, identities).error().code == Errc::damaged);
}

TEST_CASE("a passphrase opens what it sealed, and no other does") {
  const Bytes plain = plaintext(100);
  const Bytes sealed = seal_with_passphrase(plain, as_bytes("correct horse")).value();
  CHECK(to_bytes(open_with_passphrase(sealed, as_bytes("correct horse")).value().view()) == plain);
  CHECK(open_with_passphrase(sealed, as_bytes("correct horsf")).error().code == Errc::wrong_passphrase);
  CHECK(open(sealed, some_identities(1)).error().code == Errc::not_for_you);
}

TEST_CASE("a work factor that would exhaust this machine is refused before it is computed") {
  const auto header = [](std::string_view factor) {
    return std::string("age-encryption.org/v1\n-> scrypt ") + std::string(22, 'A') + " " + std::string(factor) + "\n" +
           std::string(43, 'A') + "\n--- " + std::string(43, 'A') + "\n" + std::string(32, 'x');
  };
  for (const char* factor : {"21", "22", "64", "99", "1000000000000000000000"}) {
    INFO(factor);
    CHECK(open_with_passphrase(as_bytes(header(factor)), as_bytes("x")).error().code == Errc::too_large);
  }
}

TEST_CASE("nobody seals to nobody") {
  CHECK_FALSE(seal(plaintext(10), {}));
  CHECK_FALSE(seal_with_passphrase(plaintext(10), {}));
}

TEST_CASE("two files of the same content share no bytes of payload") {
  const auto recipients = recipients_of(some_identities(1));
  CHECK(seal(plaintext(100), recipients).value() != seal(plaintext(100), recipients).value());
}

TEST_CASE("any range of a file reads as the same range of its plaintext") {
  const auto identities = some_identities(1);
  std::minstd_rand random(11);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk_bytes, chunk_bytes + 1, 3 * chunk_bytes + 77}) {
    const Bytes plain = plaintext(size);
    const Bytes sealed = seal(plain, recipients_of(identities)).value();
    auto opener = RangeOpener::open(reader_of(sealed), sealed.size(), identities);
    REQUIRE(opener);
    CHECK(opener.value().size() == size);
    for (int round = 0; round < 50; ++round) {
      const std::size_t offset = random() % (size + 10);
      Bytes out(random() % 150'000);
      const std::size_t expected = offset >= size ? 0 : std::min(out.size(), size - offset);
      REQUIRE(opener.value().read_at(offset, out).value() == expected);
      CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(expected),
                       plain.begin() + static_cast<std::ptrdiff_t>(std::min(offset, size))));
    }
  }
}

TEST_CASE("a file that was cut off cannot be opened by range, whatever the cut") {
  const auto identities = some_identities(1);
  const Bytes sealed = seal(plaintext(2 * chunk_bytes + 50), recipients_of(identities)).value();
  const std::size_t payload = sealed.size() - (2 * chunk_bytes + 50 + 3 * tag_bytes);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{30}, payload - 16, payload - 1, payload, payload + 1, payload + 16,
        payload + sealed_chunk_bytes - 1, payload + sealed_chunk_bytes, payload + sealed_chunk_bytes + 10,
        payload + 2 * sealed_chunk_bytes, payload + 2 * sealed_chunk_bytes + 16, sealed.size() - 1}) {
    INFO("cut to " << size << ", payload from " << payload);
    const Bytes cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(RangeOpener::open(reader_of(cut), cut.size(), identities));
  }
}

TEST_CASE("a damaged chunk fails by range, its neighbours do not") {
  const auto identities = some_identities(1);
  const Bytes plain = plaintext(3 * chunk_bytes);
  Bytes sealed = seal(plain, recipients_of(identities)).value();
  sealed[sealed.size() - sealed_chunk_bytes - 100] ^= 1;  // in the second chunk
  auto opener = RangeOpener::open(reader_of(sealed), sealed.size(), identities);
  REQUIRE(opener);
  Bytes out(10);
  CHECK(opener.value().read_at(chunk_bytes - 10, out));
  CHECK(opener.value().read_at(chunk_bytes - 9, out).error().code == Errc::damaged);
  CHECK(opener.value().read_at(2 * chunk_bytes, out));
  CHECK(std::equal(out.begin(), out.end(), plain.begin() + 2 * chunk_bytes));
}
