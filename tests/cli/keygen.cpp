// `unavoce keygen` and `inspect`: key files that nobody else can read, and what may be shown of them.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/program.hpp"
#include "unavoce_program.hpp"

using namespace unavoce::testing;

namespace {

Outcome in(const TemporaryFolder& folder, const std::string& line) {
  return run("cd " + folder.path().string() + " && " + line);
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("a key file is readable by its owner only, whatever the umask") {
  const TemporaryFolder folder;
  REQUIRE(in(folder, "umask 0 && " + program + " keygen -o key.txt && " + program + " keygen --room new -o room.key")
              .exit_code == 0);
  CHECK(mode_of(folder / "key.txt") == 0600);
  CHECK(mode_of(folder / "room.key") == 0600);
}

TEST_CASE("keygen never overwrites") {
  const TemporaryFolder folder;
  write_text(folder / "key.txt", "precious");
  CHECK(in(folder, program + " keygen -o key.txt 2>/dev/null").exit_code == 4);
  CHECK(in(folder, "cat key.txt").output == "precious");
}

TEST_CASE("keygen prints the recipient, and age agrees with it") {
  const TemporaryFolder folder;
  const std::string printed = in(folder, program + " keygen -o key.txt").output;
  CHECK(printed == "Recipient: " + in(folder, "age-keygen -y key.txt").output);
}

TEST_CASE("a room key has the lines of FORMATS section 3, and is an identity file for age") {
  const TemporaryFolder folder;
  const std::string id = "00112233445566778899aabbccddeeff";
  REQUIRE(in(folder, program + " keygen --room " + id + " -o room.key").exit_code == 0);
  const std::string text = in(folder, "cat room.key").output;
  CHECK_THAT(text,
             Catch::Matches(
                 "# unavoce room key v1\n# room: " + id +
                 "\n# signing-key: [A-Za-z0-9_-]{43}\n# recipient: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n"));
  CHECK_THAT(text, Catch::Contains("# recipient: " + in(folder, "age-keygen -y room.key").output));
}

TEST_CASE("a room id that is none is exit code 2") {
  const TemporaryFolder folder;
  CHECK(in(folder, program + " keygen --room kitchen -o room.key 2>/dev/null").exit_code == 2);
}

TEST_CASE("a room key under a passphrase opens files, with the right passphrase only") {
  const TemporaryFolder folder;
  const std::string made =
      in(folder, program + " keygen --room new -p --passphrase-fd 3 -o room.key.age 3<<EOF\nwords\nEOF").output;
  const std::string recipient = made.substr(11, 62);
  REQUIRE(in(folder, "echo hello | " + program + " seal -r " + recipient + " -o hello.age").exit_code == 0);
  CHECK(in(folder, program + " unseal -i room.key.age --passphrase-fd 3 hello.age 3<<EOF\nwords\nEOF").output ==
        "hello\n");
  CHECK(in(folder, program + " unseal -i room.key.age --passphrase-fd 3 hello.age 2>/dev/null 3<<EOF\nother\nEOF")
            .exit_code == 3);
  CHECK(mode_of(folder / "room.key.age") == 0600);
}

TEST_CASE("inspect shows the recipients of an identity file and nothing secret") {
  const TemporaryFolder folder;
  REQUIRE(in(folder, program + " keygen --room new -o room.key").exit_code == 0);
  const std::string shown = in(folder, program + " inspect room.key && " + program + " inspect --json room.key").output;
  CHECK_THAT(shown, Catch::Contains(in(folder, "age-keygen -y room.key | tr -d '\\n'").output));
  CHECK_THAT(shown, !Catch::Contains("AGE-SECRET"));
  CHECK_THAT(shown, !Catch::Contains(in(folder, "sed -n 's/^# signing-key: //p' room.key | tr -d '\\n'").output));
}

TEST_CASE("inspect tells stanzas and size of an age file without a key") {
  const TemporaryFolder folder;
  REQUIRE(in(folder, program + " keygen -o key.txt").exit_code == 0);
  REQUIRE(in(folder, "head -c 70000 /dev/zero | age -r $(age-keygen -y key.txt) > x.age").exit_code == 0);
  const std::string shown = in(folder, program + " inspect --json x.age").output;
  CHECK_THAT(shown, Catch::Contains("\"plain_bytes\":70000") && Catch::Contains("\"type\":\"X25519\""));
  CHECK(
      in(folder, program + " inspect --json x.age | grep -o '\"header_sha256\":\"[0-9a-f]*' | cut -d'\"' -f4").output ==
      in(folder, "sed '/^---/q' x.age | sha256sum | cut -d' ' -f1").output);
}

TEST_CASE("inspect of something else is exit code 1") {
  const TemporaryFolder folder;
  write_text(folder / "x", "hello");
  CHECK(in(folder, program + " inspect x 2>/dev/null").exit_code == 1);
}
