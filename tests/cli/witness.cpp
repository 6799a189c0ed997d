// `unavoce witness` as a program: who it is, what it must not forget, and what it answers over HTTP.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/tlog/public_ledger.hpp"
#include "unavoce_program.hpp"

using namespace unavoce::testing;
namespace fs = std::filesystem;

namespace {

std::string read_text(const std::string& path) {
  const Bytes bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

struct Place {
  TemporaryFolder folder;
  std::string vkey;

  Place() {
    fs::create_directory(folder.path() / "ledger");
    SignedLedger ledger(folder.path() / "ledger");
    ledger.grow(3, "one history");
    vkey = ledger.ledger.vkey();
    publish(ledger.ledger, folder.path() / "shown");
  }
  std::string witness(const std::string& name = "witness.example") const {
    return program + " witness --folder w --port 0 --log '" + vkey + "' --name " + name;
  }
  Outcome in(const std::string& line) const { return run("cd " + folder.path().string() + " && " + line); }
  /// Runs a line while the witness answers at $url.
  Outcome beside(const std::string& line) const {
    return in("{ rm -f said; " + witness() +
              " --json > said & witness=$!; until [ -s said ]; do kill -0 $witness || exit 99; sleep 0.05; done; "
              "url=$(sed 's/.*\"url\":\"\\([^\"]*\\)\".*/\\1/' said); " +
              line + "; code=$?; kill $witness; wait $witness || exit 98; exit $code; }");
  }
};

}  // namespace

TEST_CASE("a witness keeps its name and its key, and says them") {
  const Place place;
  REQUIRE(place.beside("true").exit_code == 0);
  const std::string first = read_text(place.folder / "said");
  REQUIRE(place.beside("true").exit_code == 0);
  const auto vkey = [](const std::string& said) { return nlohmann::json::parse(said).at("vkey"); };
  CHECK(vkey(first) == vkey(read_text(place.folder / "said")));
  CHECK((fs::status(place.folder / "w/witness.key").permissions() & fs::perms(0777)) == fs::perms(0600));
  CHECK(place.in(place.witness("another.example") + " 2>/dev/null").exit_code == 2);
  CHECK(place.in(place.witness("'with space'") + " 2>/dev/null").exit_code != 0);
}

TEST_CASE("a witness that has forgotten what it saw does not start, nor a second one on its folder") {
  const Place place;
  REQUIRE(place.beside("true").exit_code == 0);
  CHECK(place.beside(place.witness() + " 2>/dev/null; test $? = 4").exit_code == 0);
  for (const char* file : {"witness.db", "witness.db-wal", "witness.db-shm"})
    fs::remove(place.folder / "w" + "/" + file);
  const Outcome forgotten = place.in(place.witness() + " 2>&1");
  CHECK(forgotten.exit_code == 1);
  CHECK_THAT(forgotten.output, Catch::Contains("empty folder"));
}

TEST_CASE("a witness answers one address, and no long request") {
  const Place place;
  const std::string status = "curl -s -o /dev/null -w '%{http_code}' ";
  const auto answers = [&](const std::string& request) { return place.beside(status + request).output; };
  CHECK(answers("$url/") == "404");
  CHECK(answers("$url/add-checkpoint") == "405");
  CHECK(answers("-d nothing $url/add-checkpoint") == "400");
  CHECK(answers("-d \"$(printf 'old 0\\n\\n'; cat shown/checkpoint)\" $url/add-checkpoint") ==
        "400");  // no last newline
  put(place.folder.path() / "request", "old 0\n\n" + read_text(place.folder / "shown/checkpoint"));
  CHECK(answers("--data-binary @request $url/add-checkpoint") == "200");
  CHECK(answers("--data-binary @request $url/add-checkpoint") == "409");
  put(place.folder.path() / "long", std::string(100'000, 'a'));
  CHECK(answers("--data-binary @long $url/add-checkpoint") != "200");
}

TEST_CASE("a request to a witness that does not end between its chunks costs no memory without end") {
  const Place place;
  put(place.folder.path() / "endless.mjs", R"(import net from 'node:net';
const sent = (socket) => { console.log(socket.bytesWritten < 32e6 ? 'cut off' : 'all was taken'); process.exit(); };
const socket = net.connect(Number(process.argv[2]), '127.0.0.1');
const more = () => { while (socket.bytesWritten < 64e6 && socket.write('a'.repeat(65536))); if (socket.bytesWritten >= 64e6) sent(socket); };
socket.on('error', () => undefined).on('close', () => sent(socket)).on('drain', more);
socket.write('POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;');
more();
)");
  CHECK(place.beside("node endless.mjs ${url##*:}").output == "cut off\n");
}

TEST_CASE("connections that say nothing, or never finish what they say, keep nobody from a witness") {
  const Place place;
  put(place.folder.path() / "idle.mjs",
      "import net from 'node:net';\nlet open = 0;\nfor (let i = 0; i < 70; ++i) { const one = "
      "net.connect(Number(process.argv[2]), '127.0.0.1', () => { one.write(process.argv[3] ?? ''); "
      "if (++open === 70) console.log('all'); }).on('error', () => undefined); }\n"
      "setTimeout(() => undefined, 60000);\n");
  for (const std::string begun : {"", "'POST /add-checkpoint HTTP/1.1'"}) {
    CAPTURE(begun);
    const Outcome answered =
        place.beside("rm -f all; node idle.mjs ${url##*:} " + begun +
                     " > all & idle=$!; until [ -s all ]; do kill -0 $idle || exit 97; sleep 0.05; "
                     "done; curl -s -m 10 -o /dev/null -w '%{http_code}' $url/; kill $idle");
    CHECK(answered.output == "404");
  }
}

TEST_CASE("connections that say nothing make way for new ones before a request does that is being read") {
  const Place place;
  // Half a request; then one of somebody else's, so that the witness has begun to read the first; then as many silent
  // connections as make seven of them too many; when those are cut off, the other half.
  put(place.folder.path() / "slow.mjs", R"(import net from 'node:net';
const port = Number(process.argv[2]);
const say = (what) => { console.log(what); process.exit(); };
const slow = net.connect(port, '127.0.0.1');
slow.on('error', () => undefined).on('close', () => say('cut off'));
slow.on('data', (bytes) => say(String(bytes).split(' ')[1]));
const half = 'POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nnot';
slow.write(half, () => {
  const other = net.connect(port, '127.0.0.1');
  other.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  other.on('data', () => undefined).on('close', () => {
    let cut = 0;
    for (let i = 0; i < 70; ++i) {
      net.connect(port, '127.0.0.1').on('error', () => undefined).on('close', () => {
        if (++cut === 7) slow.write('hing');
      });
    }
  });
});
setTimeout(() => say('waited in vain'), 20000);
)");
  CHECK(place.beside("node slow.mjs ${url##*:}").output == "400\n");
}

TEST_CASE(
    "who says a byte at a time makes way before one who has just come, and is cut off before the request is whole") {
  const Place place;
  // As many as there is room for, each a byte at a time, for longer than half of the time that a request has. Then
  // somebody comes, and ten more after them: eleven of the slow ones make way, and only then the first comer speaks.
  put(place.folder.path() / "drip.mjs", R"(import net from 'node:net';
const port = Number(process.argv[2]);
const all = 64;
let begun = 0, gone = 0, comer, asked = false;
const ask = () => {
  if (!comer || gone < 11 || asked) return;
  asked = true;
  comer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
};
const lose = () => {
  ++gone;
  ask();
  if (gone < all) return;
  console.log('all cut off');
  process.exit();
};
const come = () => {
  comer = net.connect(port, '127.0.0.1', () => {
    for (let i = 0; i < 10; ++i) net.connect(port, '127.0.0.1').on('error', () => undefined);
    ask();
  });
  comer.on('error', () => undefined).on('data', (bytes) => console.log(String(bytes).split(' ')[1]));
};
for (let i = 0; i < all; ++i) {
  const one = net.connect(port, '127.0.0.1', () => {
    one.write('POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => one.write('a'), 100);
    one.on('close', () => { clearInterval(drip); lose(); });
    if (++begun === all) setTimeout(come, 6000);
  });
  one.on('error', () => undefined);
}
setTimeout(() => { console.log('waited in vain'); process.exit(); }, 60000);
)");
  CHECK(place.beside("node drip.mjs ${url##*:}").output == "404\nall cut off\n");
}

TEST_CASE("a checkpoint that a witness must have cosigned, and has not, fails the check") {
  const Place place;
  const std::string line = program + " ledger check http://127.0.0.1:$(cat port) --wait 0 --seen shown/checkpoint";
  const std::string service =
      "rm -f port; node " UNAVOCE_SOURCE_DIR
      "/tests/cli/ledger_server.mjs shown > port & server=$!; until [ -s port ]; do sleep 0.05; "
      "done; ";
  put(place.folder.path() / "shown/vkey", place.vkey);
  const std::string vkey = "vkey=$(sed 's/.*\"vkey\":\"\\([^\"]*\\)\".*/\\1/' said); ";
  const auto check = [&](const std::string& before) {
    return place
        .beside(before + service + vkey + line + " --witness \"$vkey\" >out 2>&1; code=$?; kill $server; (exit $code)")
        .exit_code;
  };
  CHECK(check("") == 1);
  CHECK_THAT(read_text(place.folder / "out"), Catch::Contains("no cosignature"));
  const std::string cosign =
      "{ printf 'old 0\\n\\n'; cat shown/checkpoint; } > request; "
      "curl -s --data-binary @request $url/add-checkpoint > line; cp shown/checkpoint bare; cat bare line > "
      "shown/checkpoint; cp bare seen; ";
  CHECK(check(cosign) == 0);
  CHECK(
      place.beside(service + line + " --witness nonsense 2>/dev/null; code=$?; kill $server; (exit $code)").exit_code ==
      2);
}
