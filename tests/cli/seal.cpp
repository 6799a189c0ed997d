// `unavoce seal` and `unseal` as people and scripts meet them: the real program, real files and pipes.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/program.hpp"
#include "unavoce_program.hpp"

using namespace unavoce::testing;

namespace {

/// A folder with an identity (key.txt), its recipient, some content (plain) and the sealed file of it (sealed.age).
struct Desk {
  TemporaryFolder folder;
  std::string recipient;

  explicit Desk(std::size_t size = 200'000) {
    Bytes plain(size);
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    write_file(folder / "plain", plain);
    REQUIRE(in_folder(program + " keygen -o key.txt").exit_code == 0);
    recipient = in_folder("age-keygen -y key.txt").output;
    recipient.pop_back();
    REQUIRE(in_folder(program + " seal -r " + recipient + " -o sealed.age plain").exit_code == 0);
  }
  Outcome in_folder(const std::string& line) const { return run("cd " + folder.path().string() + " && " + line); }
  Bytes file(std::string_view name) const { return read_file(folder / name); }
  /// Names in the folder, hidden ones too.
  std::size_t count() const {
    const std::filesystem::directory_iterator files(folder.path());
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
};

Bytes first(const Bytes& bytes, std::size_t size) {
  return Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

TEST_CASE("what seal seals, unseal opens: files and pipes, any size") {
  const Desk desk(
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{65536}, std::size_t{262144}, std::size_t{1'000'000}));
  REQUIRE(desk.in_folder(program + " unseal -i key.txt -o again sealed.age").exit_code == 0);
  CHECK(desk.file("again") == desk.file("plain"));
  REQUIRE(desk.in_folder("cat plain | " + program + " seal -r " + desk.recipient + " | " + program +
                         " unseal -i key.txt > piped")
              .exit_code == 0);
  CHECK(desk.file("piped") == desk.file("plain"));
}

TEST_CASE("what seal seals, age opens: sizes around a chunk and around a block of the output file") {
  constexpr std::size_t chunk = 65536;
  constexpr std::size_t block = 2 * 1024 * 1024;
  constexpr std::size_t full = block - 184 - 32 * 16;  // the sealed file fills a block exactly: header and nonce, tags
  const Desk desk(GENERATE_COPY(chunk - 1, chunk + 1, full - 1, full, full + 1, block - 1, block, block + 1, 3 * block,
                                3 * block + chunk + 1));
  CHECK(desk.in_folder("age -d -i key.txt sealed.age | cmp - plain").exit_code == 0);
  REQUIRE(desk.in_folder(program + " unseal -i key.txt -o again sealed.age").exit_code == 0);
  CHECK(desk.in_folder("cmp again plain").exit_code == 0);
  CHECK(desk.in_folder(program + " seal -r " + desk.recipient + " plain | age -d -i key.txt | cmp - plain").exit_code ==
        0);
}

TEST_CASE("a file system of memory, without a way past the page cache, takes large files as well") {
  const Desk desk(5'000'000);
  const auto name = "/dev/shm/unavoce-test-" + std::to_string(getpid());
  CHECK(desk.in_folder(program + " seal -r " + desk.recipient + " -o " + name + " plain && age -d -i key.txt " + name +
                       " | cmp - plain")
            .exit_code == 0);
  std::filesystem::remove(name);
}

TEST_CASE("a named pipe given as output is written as it goes, and stays a pipe") {
  const Desk desk(5'000'000);
  REQUIRE(desk.in_folder("mkfifo pipe").exit_code == 0);
  CHECK(desk.in_folder("(" + program + " unseal -i key.txt -o pipe sealed.age &) && cmp pipe plain").exit_code == 0);
  CHECK(std::filesystem::is_fifo(desk.folder / "pipe"));
}

TEST_CASE("a file that may not grow on is exit code 4, and nothing is left of it") {
  const Desk desk(5'000'000);
  const std::size_t before = desk.count();
  const std::string limit = "trap '' XFSZ; ulimit -f " + GENERATE(as<std::string>{}, "4096", "6001", "9765") + "; ";
  CHECK(desk.in_folder(limit + program + " seal -r " + desk.recipient + " -o out plain 2>/dev/null").exit_code == 4);
  CHECK(desk.in_folder(limit + program + " unseal -i key.txt -o out sealed.age 2>/dev/null").exit_code == 4);
  CHECK(desk.count() == before);
}

TEST_CASE("age opens what seal seals, and unseal opens what age seals") {
  const Desk desk;
  CHECK(desk.in_folder("age -d -i key.txt sealed.age | cmp - plain").exit_code == 0);
  CHECK(desk.in_folder("age -r " + desk.recipient + " plain | " + program + " unseal -i key.txt | cmp - plain")
            .exit_code == 0);
}

TEST_CASE("recipients come from files as well, with comments") {
  const Desk desk;
  REQUIRE(desk.in_folder(program + " keygen -o other.txt").exit_code == 0);
  REQUIRE(desk.in_folder("(echo '# both'; echo; echo " + desk.recipient + "; age-keygen -y other.txt) > both.txt && " +
                         program + " seal -R both.txt -o both.age plain")
              .exit_code == 0);
  CHECK(desk.in_folder(program + " unseal -i key.txt both.age | cmp - plain").exit_code == 0);
  CHECK(desk.in_folder(program + " unseal -i other.txt both.age | cmp - plain").exit_code == 0);
}

TEST_CASE("a damaged file leaves no output file, and the exit code is 1") {
  const Desk desk;
  Bytes sealed = desk.file("sealed.age");
  SECTION("changed in the first chunk") {
    sealed[1000] ^= 1;
  }
  SECTION("changed in the last chunk") {
    sealed.back() ^= 1;
  }
  SECTION("changed in the MAC of the header") {
    sealed[140] ^= 1;
  }
  SECTION("cut off in a chunk") {
    sealed.resize(150'000);
  }
  SECTION("cut off in the header") {
    sealed.resize(100);
  }
  SECTION("bytes added") {
    sealed.push_back(0);
  }
  SECTION("empty") {
    sealed.clear();
  }
  SECTION("not an age file") {
    sealed.assign(1000, 'x');
  }
  write_file(desk.folder / "damaged.age", sealed);
  const std::size_t before = desk.count();
  CHECK(desk.in_folder(program + " unseal -i key.txt -o out damaged.age 2>/dev/null").exit_code == 1);
  CHECK(desk.count() == before);
}

TEST_CASE("a damaged file does not harm the output file of an earlier run") {
  const Desk desk;
  write_text(desk.folder / "out", "earlier");
  write_file(desk.folder / "damaged.age", first(desk.file("sealed.age"), 150'000));
  CHECK(desk.in_folder(program + " unseal -i key.txt -o out damaged.age 2>/dev/null").exit_code == 1);
  CHECK(desk.in_folder("cat out").output == "earlier");
}

TEST_CASE("on standard output only authentic chunks appear, and a cut is an error") {
  const Desk desk;
  const Bytes plain = desk.file("plain");
  Bytes sealed = desk.file("sealed.age");
  std::size_t authentic = 0;
  SECTION("cut off in the third chunk") {
    sealed.resize(150'000);
    authentic = 131'072;
  }
  SECTION("the first chunk changed") {
    sealed[500] ^= 1;
  }
  SECTION("the second chunk changed") {
    sealed[100'000] ^= 1;
    authentic = 65'536;
  }
  write_file(desk.folder / "damaged.age", sealed);
  const auto outcome = desk.in_folder(program + " unseal -i key.txt damaged.age 2>/dev/null");
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output == std::string(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(authentic)));
}

TEST_CASE("a file for somebody else is exit code 3, and leaves nothing behind") {
  const Desk desk;
  REQUIRE(desk.in_folder(program + " keygen -o other.txt").exit_code == 0);
  const std::size_t before = desk.count();
  CHECK(desk.in_folder(program + " unseal -i other.txt -o out sealed.age 2>/dev/null").exit_code == 3);
  CHECK(desk.count() == before);
}

TEST_CASE("a passphrase seals and opens, and a wrong one is exit code 3") {
  const Desk desk(1000);
  REQUIRE(desk.in_folder(program + " seal -p --passphrase-fd 3 -o p.age plain 3<<EOF\ncorrect horse\nEOF").exit_code ==
          0);
  CHECK(desk.in_folder(program + " unseal --passphrase-fd 3 -o out p.age 3<<EOF\ncorrect horse\nEOF").exit_code == 0);
  CHECK(desk.file("out") == desk.file("plain"));
  CHECK(desk.in_folder("UNAVOCE_PASSPHRASE_FD=3 " + program + " unseal p.age 2>/dev/null 3<<EOF\nwrong horse\nEOF")
            .exit_code == 3);
}

TEST_CASE("the terminal asks for a passphrase, without showing it") {
  const Desk desk(1000);
  const auto sealed = desk.in_folder("printf 'correct horse\\ncorrect horse\\n' | script -qec '" + program +
                                     " seal -p -o p.age plain' /dev/null");
  REQUIRE(sealed.exit_code == 0);
  CHECK_THAT(sealed.output, Catch::Contains("New passphrase: "));
  const auto differing = desk.in_folder("printf 'correct horse\\ncorrect cow\\n' | script -qec '" + program +
                                        " seal -p -o q.age plain' /dev/null");
  CHECK(differing.exit_code == 2);
  CHECK_FALSE(std::filesystem::exists(desk.folder / "q.age"));
  const auto opened =
      desk.in_folder("printf 'correct horse\\n' | script -qec '" + program + " unseal -o out p.age' /dev/null");
  CHECK(opened.exit_code == 0);
  CHECK(desk.file("out") == desk.file("plain"));
}

TEST_CASE("a sealed file never goes to a terminal unasked") {
  const Desk desk(1000);
  CHECK(desk.in_folder("script -qec '" + program + " seal -r " + desk.recipient + " plain' /dev/null").exit_code == 2);
}

TEST_CASE("a command line that makes no sense is exit code 2") {
  const Desk desk(10);
  CHECK(desk.in_folder(program + " 2>/dev/null").exit_code == 2);
  CHECK(desk.in_folder(program + " burn 2>/dev/null").exit_code == 2);
  CHECK(desk.in_folder(program + " seal plain 2>/dev/null").exit_code == 2);
  CHECK(desk.in_folder(program + " seal -r age1wrong plain 2>/dev/null").exit_code == 2);
  CHECK(desk.in_folder(program + " seal -p -r " + desk.recipient + " -o x plain 2>/dev/null").exit_code == 2);
  CHECK(desk.in_folder(program + " unseal sealed.age 2>/dev/null").exit_code == 2);
}

TEST_CASE("what cannot be read or written is exit code 4") {
  const Desk desk;
  CHECK(desk.in_folder(program + " unseal -i key.txt nowhere 2>/dev/null").exit_code == 4);
  CHECK(desk.in_folder(program + " unseal -i nowhere sealed.age 2>/dev/null").exit_code == 4);
  CHECK(desk.in_folder(program + " unseal -i key.txt -o nowhere/out sealed.age 2>/dev/null").exit_code == 4);
  CHECK(desk.in_folder(program + " unseal -i key.txt sealed.age 2>/dev/null > /dev/full").exit_code == 4);
  CHECK(desk.in_folder(program + " seal -r " + desk.recipient + " plain 2>/dev/null > /dev/full").exit_code == 4);
}

TEST_CASE("a device given as output stays a device") {
  const Desk desk;
  CHECK(desk.in_folder(program + " unseal -i key.txt -o /dev/null sealed.age").exit_code == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("a symbolic link given as output stays a link") {
  const Desk desk;
  write_text(desk.folder / "target", "old");
  REQUIRE(desk.in_folder("ln -s target link && " + program + " unseal -i key.txt -o link sealed.age").exit_code == 0);
  CHECK(std::filesystem::is_symlink(desk.folder / "link"));
  CHECK(desk.file("target") == desk.file("plain"));
}

TEST_CASE("with --json, reports are on standard output, or on standard error beside data, and errors too") {
  const Desk desk(1000);
  CHECK_THAT(desk.in_folder(program + " unseal --json -i key.txt -o out sealed.age").output,
             Catch::Contains("\"opened_bytes\":1000"));
  CHECK_THAT(desk.in_folder(program + " unseal --json -i key.txt sealed.age 2>&1 >/dev/null").output,
             Catch::Contains("\"opened_bytes\":1000"));
  CHECK_THAT(desk.in_folder(program + " unseal --json -i key.txt plain 2>&1 >/dev/null").output,
             Catch::StartsWith("{\"error\":\"failed\""));
}

TEST_CASE("every command has help with an example") {
  for (const char* command : {"keygen", "inspect", "seal", "unseal"}) {
    const auto outcome = run(program + ' ' + command + " --help");
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.output, Catch::Contains("Example") && Catch::Contains(std::string("unavoce ") + command));
  }
}
