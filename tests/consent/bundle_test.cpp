// Bundles: what the writer makes other tools read, and what a hostile folder or tar cannot do.
#include "consent/bundle.hpp"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "consent/bundle_manifest.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;
namespace fs = std::filesystem;

namespace {

/// An empty folder in which shell lines make tars.
struct Workshop {
  TemporaryFolder folder;
  void sh(const std::string& line) const {
    REQUIRE(run("cd " + folder.path().string() + " && " + line).exit_code == 0);
  }
  Result<Bundle> open(const char* name) const { return Bundle::open(folder.path() / name); }
};

/// The error's text; fails if there is none.
std::string refusal(const Result<Bundle>& bundle) {
  if (bundle) FAIL("this should have been refused");
  return bundle.error().text;
}

std::string octal(std::uint64_t number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(number));
  return std::string(text) + '\0';
}

/// A ustar header by hand, for what `tar` would not make.
std::string tar_header(const std::string& name, const std::string& size_field, char type) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, octal(0644, 7));
  header.replace(108, 8, octal(0, 7));
  header.replace(116, 8, octal(0, 7));
  header.replace(124, 12, size_field);
  header.replace(136, 12, octal(0, 11));
  header[156] = type;
  header.replace(257, 8, std::string("ustar\00000", 8));
  unsigned sum = 8 * ' ';
  for (int i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? 0 : static_cast<unsigned char>(header[i]);
  header.replace(148, 8, octal(sum, 6) + ' ');
  return header;
}

const std::string kEnd(1024, '\0');

}  // namespace

TEST_CASE("the tar is one that the system's tar lists, with sha256sum agreeing on every file") {
  const Workshop workshop;
  fs::create_directory(workshop.folder.path() / "server");
  SyntheticMeeting meeting(workshop.folder.path() / "server");
  meeting.complete();
  meeting.write_tar(workshop.folder / "bundle.tar");
  workshop.sh("tar -tf bundle.tar > list && tar -xf bundle.tar");
  workshop.sh(
      "cd unavoce-* && sha256sum --quiet --strict -c manifest-sha256.txt && sha256sum --quiet --strict -c "
      "tagmanifest-sha256.txt");
  const Bundle tar = must(workshop.open("bundle.tar"));
  const Bundle unpacked = must(Bundle::open(workshop.folder.path() / ("unavoce-" + meeting.recording.hex())));
  REQUIRE(tar.files().size() == unpacked.files().size());
  for (const BundleFile& file : tar.files()) {
    CHECK(must(tar.read(file.path, 1 << 20)) == must(unpacked.read(file.path, 1 << 20)));
  }
}

TEST_CASE("the key of a withdrawn approval is in no bundle, even while it is not erased yet") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "server");
  SyntheticMeeting meeting(folder.path() / "server");
  meeting.complete();
  const Person& leaver = meeting.people.back();
  meeting.withdraw(meeting.people.back());
  REQUIRE(must(meeting.ledger.wrapped(*leaver.approval)).has_value());
  const auto contents = must(collect_bundle(meeting.ledger, meeting.recording.hex(), meeting.now));
  CHECK_FALSE(contents.keys.contains(leaver.approval->hex()));
  CHECK(contents.keys.contains(meeting.host().approval->hex()));
}

TEST_CASE("a tar that somebody made anew from the folder reads the same") {
  const std::string format = GENERATE(as<std::string>(), "ustar", "gnu", "pax");
  const Workshop workshop;
  workshop.sh(
      "mkdir -p bag/data/tracks && echo hello > bag/bagit.txt && head -c 300000 /dev/zero > bag/data/tracks/t.age && "
      "tar --format=" +
      format + " -cf bundle.tar bag");
  const Bundle bundle = must(workshop.open("bundle.tar"));
  CHECK(must(bundle.read("bagit.txt", 100)) == "hello\n");
  std::uint64_t size = 0;
  must(bundle.stream("data/tracks/t.age", [&](crypto::ByteView piece) -> Result<void> {
    size += piece.size();
    return boost::outcome_v2::success();
  }));
  CHECK(size == 300'000);
}

TEST_CASE("a track that is shorter than stated breaks the tar off") {
  const Workshop workshop;
  fs::create_directory(workshop.folder.path() / "server");
  SyntheticMeeting meeting(workshop.folder.path() / "server");
  meeting.complete();
  auto writer =
      must(BundleWriter::create(meeting.contents(), [](auto, auto, auto) -> Result<std::size_t> { return 0; }));
  bool failed = false;
  for (int i = 0; i < 1000 && !failed; ++i) failed = !writer.next();
  CHECK(failed);
  CHECK_FALSE(writer.next());
}

TEST_CASE(
    "a writer holds every part of a bundle once, as it was collected, and the statements until they went through") {
  BundleContents contents;
  contents.recording = std::string(32, 'a');
  constexpr std::size_t kStatements = 200;
  constexpr std::size_t kStatementBytes = 64 * 1024;
  for (std::size_t i = 0; i < kStatements; ++i) {
    EntryFile file;
    file.kind = "room";
    file.envelope = std::string(kStatementBytes, 'x');
    contents.rooms.push_back(std::move(file));
  }
  const auto in_use = [] {  // nothing under sanitizers, which keep memory their own way
    const auto heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
  };
  const std::size_t before = in_use();
  auto writer = must(BundleWriter::create(std::move(contents), [](auto, auto, auto) { return std::size_t{0}; }));
  CHECK(in_use() < before + kStatements * kStatementBytes / 4);
  CHECK_FALSE(writer.only_tracks_are_left());
  std::size_t bytes = 0;
  for (auto piece = must(writer.next()); !piece.empty(); piece = must(writer.next())) bytes += piece.size();
  CHECK(bytes > kStatements * kStatementBytes * 4 / 3);
  CHECK(writer.only_tracks_are_left());
  CHECK((before == 0 || in_use() < before - kStatements * kStatementBytes / 2));
}

TEST_CASE("a recording's statements come with the room statement that the request names, a bundle with all versions") {
  const Workshop workshop;
  SyntheticMeeting meeting(workshop.folder.path());
  meeting.add_room();
  const Entry named = meeting.add_room();
  meeting.request();
  meeting.add_room();
  CHECK(must(collect_bundle(meeting.ledger, meeting.recording.hex(), meeting.now)).rooms.size() == 3);
  const auto statements = must(collect_statements(meeting.ledger, meeting.recording.hex(), meeting.now));
  REQUIRE(statements.rooms.size() == 1);
  CHECK(statements.rooms.front().envelope == named.envelope);
}

TEST_CASE("the page for people shows hostile text as text") {
  const Workshop workshop;
  fs::create_directory(workshop.folder.path() / "server");
  SyntheticMeeting meeting(workshop.folder.path() / "server");
  meeting.complete();
  const std::string page = format_summary(meeting.contents());
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("Minutes &amp; &lt;script&gt;") != std::string::npos);
  CHECK(page.find("http") == page.find("http-equiv"));  // nothing is loaded from anywhere
}

TEST_CASE("the fixed text of the page for people stays: bundles in people's hands are compared with it") {
  BundleContents contents;
  contents.recording = std::string(32, 'a');
  contents.tracks = {{"t002.webm.age", 2}, {"t001.webm.age", 1}};
  const std::string page = format_summary(contents);
  CHECK(page.find("t001") < page.find("t002"));
  CHECK(crypto::to_hex(crypto::sha256(crypto::as_bytes(page))) ==
        "15840a75f190862336774f878b0cacc921ab8ed13b5fdf528a6559da113d9d4f");
}

TEST_CASE("links and special files in a folder are refused") {
  const std::string line =
      GENERATE(as<std::string>(), "ln -s /etc/passwd bag/data/x", "ln -s /etc bag/data/tracks", "mkfifo bag/data/x");
  const Workshop workshop;
  workshop.sh("mkdir -p bag/data && " + line);
  CHECK_THAT(refusal(workshop.open("bag")), Catch::Contains("link or a special file"));
}

TEST_CASE("links, special files, duplicates and a second top folder in a tar are refused") {
  const auto [make, why] = GENERATE(table<std::string, std::string>({
      {"ln -s /etc/passwd bag/x && tar -cf b.tar bag", "link or a special file"},
      {"echo 1 > bag/a && ln bag/a bag/b && tar -cf b.tar bag", "link or a special file"},
      {"mkfifo bag/x && tar -cf b.tar bag", "link or a special file"},
      {"echo 1 > bag/a && tar -cf b.tar bag && echo 2 > bag/a && tar -rf b.tar bag/a", "there twice"},
      {"echo 1 > bag/a && mkdir other && echo 1 > other/a && tar -cf b.tar bag other", "outside of the top folder"},
      {"echo 1 > file && tar -cf b.tar file", "outside of a top folder"},
      {"echo 1 > bag/a && tar -cf b.tar -P $PWD/bag/a", "such a name"},
      {"echo 1 > bag/a && tar -cf b.tar -P bag/../bag/a", "such a name"},
      {"echo 1 > 'bag/a b' && tar -cf b.tar bag", "such a name"},
      {"truncate -s 10M bag/a && tar -Scf b.tar bag", "sparse"},
      {"echo 1 > bag/a && tar -czf b.tar bag", "uncompressed tar"},
      {"true > b.tar", "uncompressed tar"},
      {"tar -cf b.tar -T /dev/null", "no file"},
      {"tar -cf b.tar bag", "no file"},
  }));
  CAPTURE(make);
  const Workshop workshop;
  workshop.sh("mkdir bag && " + make);
  CHECK_THAT(refusal(workshop.open("b.tar")), Catch::Contains(why));
  CHECK(fs::exists(workshop.folder / "b.tar"));
}

TEST_CASE("a tar that claims more than it has is refused") {
  const Workshop workshop;
  SECTION("a file larger than the tar") {
    put_text(workshop.folder / "b.tar", tar_header("bag/a", octal(07777777777, 11), '0') + kEnd);
    CHECK_FALSE(workshop.open("b.tar"));
  }
  SECTION("a file of 8 EiB") {
    put_text(workshop.folder / "b.tar",
             tar_header("bag/a", "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff'), '0') + kEnd);
    CHECK_FALSE(workshop.open("b.tar"));
  }
  SECTION("a negative size") {
    put_text(workshop.folder / "b.tar", tar_header("bag/a", std::string(12, '\xff'), '0') + kEnd);
    CHECK_FALSE(workshop.open("b.tar"));
  }
}

TEST_CASE("a tar cut off anywhere gives an error or misses files, and never crashes") {
  const Workshop workshop;
  fs::create_directory(workshop.folder.path() / "server");
  SyntheticMeeting meeting(workshop.folder.path() / "server");
  meeting.complete();
  meeting.write_tar(workshop.folder / "bundle.tar");
  const std::string whole = read_text(workshop.folder / "bundle.tar");
  const std::size_t all = must(workshop.open("bundle.tar")).files().size();
  for (std::size_t size = 0; size + 2048 < whole.size(); size += 7919) {
    put_text(workshop.folder / "cut.tar", std::string_view(whole).substr(0, size));
    const auto bundle = workshop.open("cut.tar");
    CAPTURE(size);
    CHECK((!bundle || bundle.value().files().size() < all));
  }
}

TEST_CASE("a file larger than a reader wants is refused before it is read") {
  const Workshop workshop;
  workshop.sh("mkdir bag && head -c 5000 /dev/zero > bag/a");
  CHECK_FALSE(must(workshop.open("bag")).read("a", 4999));
  CHECK(must(workshop.open("bag")).read("a", 5000));
}

TEST_CASE("paths in a bag are plain and relative") {
  for (const char* path : {"data/tracks/t001-0123456789abcdef-f001.webm.age", "bagit.txt"}) CHECK(is_bag_path(path));
  for (const char* path :
       {"", "/etc/passwd", "a/../b", "..", ".", "a//b", "a/", "a b", "a\nb", "a\\b", "a%2fb", "\xC3\xA4"}) {
    CAPTURE(path);
    CHECK_FALSE(is_bag_path(path));
  }
}

TEST_CASE("manifests have one spelling") {
  const std::string hash(64, 'a');
  CHECK(parse_manifest(hash + "  a\n" + hash + "  b\n"));
  for (const std::string& text : {hash + "  a", hash + " a\n", hash + " *a\n", hash + "  a\n" + hash + "  a\n",
                                  std::string(64, 'A') + "  a\n", hash + "  ../a\n", hash + "\n", std::string("\n")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_manifest(text));
  }
}
