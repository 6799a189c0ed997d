// Files cross both ways with two implementations that are not ours: age (Go) and typage (TypeScript).
#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "tests/crypto/age_plaintext.hpp"
#include "tests/program.hpp"

using namespace unavoce::crypto;
using namespace unavoce::testing;

namespace {

const std::string typage = "node " UNAVOCE_SOURCE_DIR "/tests/crypto/typage.mjs ";
const std::vector<std::size_t> sizes = {0, 1, 65535, 65536, 65537, 200'000};

struct Person {
  Identity identity = Identity::generate();
  std::string secret() const { return std::string(as_text(identity.secret_text().view())); }
  std::string recipient() const { return identity.recipient().text(); }
};

struct Files {
  TemporaryFolder folder;
  std::string plain = folder / "plain";
  std::string sealed = folder / "sealed.age";
  std::string key = folder / "key.txt";
};

/// age asks for passphrases on the terminal only; `script` gives it one.
Outcome run_age_with_passphrase(const std::string& command, const std::string& answers) {
  return run("printf '" + answers + "' | script -qec '" + command + "' /dev/null 2>&1");
}

}  // namespace

TEST_CASE("age opens what we seal, for each of two recipients") {
  const Person anna, ben;
  const std::vector<Recipient> recipients = {anna.identity.recipient(), ben.identity.recipient()};
  for (const std::size_t size : sizes) {
    const Bytes plain = plaintext(size);
    for (const Person* person : {&anna, &ben}) {
      const Files files;
      write_file(files.sealed, seal(plain, recipients).value());
      write_text(files.key, person->secret());
      const auto outcome = run("age -d -i " + files.key + ' ' + files.sealed);
      CHECK(outcome.exit_code == 0);
      CHECK(outcome.output == as_text(plain));
    }
  }
}

TEST_CASE("we open what age seals to two recipients") {
  const Person anna, ben;
  for (const std::size_t size : sizes) {
    const Files files;
    const Bytes plain = plaintext(size);
    write_file(files.plain, plain);
    REQUIRE(run("age -r " + anna.recipient() + " -r " + ben.recipient() + " -o " + files.sealed + ' ' + files.plain)
                .exit_code == 0);
    for (const Person* person : {&anna, &ben})
      CHECK(to_bytes(open(read_file(files.sealed), {&person->identity, 1}).value().view()) == plain);
  }
}

TEST_CASE("age opens what we seal with a passphrase") {
  const Files files;
  const Bytes plain = plaintext(1000);
  write_file(files.sealed, seal_with_passphrase(plain, as_bytes("correct horse")).value());
  const auto outcome = run_age_with_passphrase("age -d -o " + files.plain + ' ' + files.sealed, "correct horse\\n");
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
  CHECK(read_file(files.plain) == plain);
}

TEST_CASE("we open what age seals with a passphrase") {
  const Files files;
  const Bytes plain = plaintext(1000);
  write_file(files.plain, plain);
  const auto outcome =
      run_age_with_passphrase("age -p -o " + files.sealed + ' ' + files.plain, "correct horse\\ncorrect horse\\n");
  INFO(outcome.output);
  REQUIRE(outcome.exit_code == 0);
  CHECK(to_bytes(open_with_passphrase(read_file(files.sealed), as_bytes("correct horse")).value().view()) == plain);
}

TEST_CASE("typage opens what we seal, for each of two recipients") {
  const Person anna, ben;
  const std::vector<Recipient> recipients = {anna.identity.recipient(), ben.identity.recipient()};
  for (const std::size_t size : {std::size_t{0}, std::size_t{65536}, std::size_t{200'000}}) {
    const Bytes plain = plaintext(size);
    for (const Person* person : {&anna, &ben}) {
      const Files files;
      write_file(files.sealed, seal(plain, recipients).value());
      const auto outcome = run(typage + "open " + person->secret() + " < " + files.sealed);
      CHECK(outcome.exit_code == 0);
      CHECK(outcome.output == as_text(plain));
    }
  }
}

TEST_CASE("we open what typage seals to two recipients") {
  const Person anna, ben;
  for (const std::size_t size : {std::size_t{0}, std::size_t{65536}, std::size_t{200'000}}) {
    const Files files;
    const Bytes plain = plaintext(size);
    write_file(files.plain, plain);
    REQUIRE(
        run(typage + "seal " + anna.recipient() + ' ' + ben.recipient() + " < " + files.plain + " > " + files.sealed)
            .exit_code == 0);
    for (const Person* person : {&anna, &ben})
      CHECK(to_bytes(open(read_file(files.sealed), {&person->identity, 1}).value().view()) == plain);
  }
}

TEST_CASE("passphrases cross both ways with typage") {
  const Files files;
  const Bytes plain = plaintext(1000);
  write_file(files.plain, plain);
  REQUIRE(run(typage + "seal-passphrase horse < " + files.plain + " > " + files.sealed).exit_code == 0);
  CHECK(to_bytes(open_with_passphrase(read_file(files.sealed), as_bytes("horse")).value().view()) == plain);

  write_file(files.sealed, seal_with_passphrase(plain, as_bytes("horse")).value());
  CHECK(run(typage + "open-passphrase horse < " + files.sealed).output == as_text(plain));
}
