// The public ledger: what everybody may read of it, when, and that nothing else is there.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "consent/ledger_growth.hpp"
#include "filled_ledger.hpp"
#include "recorded.hpp"
#include "server/published_ledger.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// A service whose ledger has `size` entries, and publishes no others while a test runs.
struct FilledServer {
  explicit FilledServer(std::uint64_t size) {
    fill_ledger(folder.path(), size);
    server = std::make_unique<RunningServer>([&](Config& config) {
      config.data_folder = folder.path();
      config.ledger_publish_seconds = 3600;
    });
  }
  TemporaryFolder folder;
  std::unique_ptr<RunningServer> server;
};

consent::Checkpoint published(const RunningServer& server) {
  const std::string vkey = json_text(server.fetch("GET", "/api/v1/config").body, "vkey");
  const auto key = crypto::NoteVerifier::parse(vkey).value();
  return consent::open_checkpoint(server.fetch("GET", "/ledger/checkpoint").body, key).value();
}

consent::FetchTile tiles_of(const RunningServer& server) {
  return [&server](const consent::TilePath& path) -> consent::Result<crypto::Bytes> {
    const Reply reply = server.fetch("GET", "/ledger/tile/" + consent::format_tile_path(path));
    CAPTURE(consent::format_tile_path(path));
    CHECK(reply.status == 200);
    return crypto::Bytes(reply.body.begin(), reply.body.end());
  };
}

}  // namespace

TEST_CASE("the next instant is a whole multiple of the interval, and never now", "[ledger]") {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  CHECK(until_next_instant(consent::TimeMs{120'000}, seconds(60)) == seconds(60));
  CHECK(until_next_instant(consent::TimeMs{120'001}, seconds(60)) == milliseconds(59'999));
  CHECK(until_next_instant(consent::TimeMs{179'999}, seconds(60)) == milliseconds(1));
  CHECK(until_next_instant(consent::TimeMs{-1}, seconds(60)) == milliseconds(1));
}

TEST_CASE("the public sees no entry before the next instant, but receipts lead to it at once", "[ledger]") {
  const RunningServer server([](Config& config) { config.ledger_publish_seconds = 3600; });
  REQUIRE(published(server).size == 0);
  const Recorded meeting(server);
  const Reply receipt = server.fetch("GET", "/api/v1/statements/" + meeting.ben.last_approval.hex() + "/receipt");
  CHECK(receipt.status == 200);
  CHECK(json_text(receipt.body, "proof").find("c2sp.org/tlog-proof@v1") == 0);
  CHECK(published(server).size == 0);
  CHECK(server.fetch("GET", "/ledger/tile/0/000.p/1").status == 404);
  CHECK(server.fetch("GET", "/ledger/tile/entries/000.p/1").status == 404);
}

TEST_CASE("at the next instant the public sees what came before it", "[ledger]") {
  const RunningServer server([](Config& config) { config.ledger_publish_seconds = 1; });
  const Host host(server);
  await([&] { return published(server).size == 1; });
  CHECK(server.fetch("GET", "/ledger/tile/0/000.p/1").body.size() == 32);
}

TEST_CASE("a service that starts again shows no less than before", "[ledger]") {
  const FilledServer filled(300);
  CHECK(published(*filled.server).size == 300);
}

TEST_CASE("tiles show that the ledger grew from any earlier checkpoint", "[ledger]") {
  TemporaryFolder folder;
  fill_ledger(folder.path(), 255);
  const auto start = [&] {
    return std::make_unique<RunningServer>([&](Config& config) { config.data_folder = folder.path(); });
  };
  auto server = start();
  const consent::Checkpoint seen = published(*server);
  server.reset();
  fill_ledger(folder.path(), 600);
  server = start();
  const consent::Checkpoint now = published(*server);
  CHECK(seen.size == 255);
  CHECK(now.size == 600);
  CHECK(consent::verify_growth(seen, now, tiles_of(*server)));
  consent::Checkpoint forged = seen;
  forged.root[0] ^= 1;
  CHECK_FALSE(consent::verify_growth(forged, now, tiles_of(*server)));
}

TEST_CASE("entry bundles hold commitments only, and they are the leaves", "[ledger]") {
  const FilledServer filled(300);
  const std::string bundle = filled.server->fetch("GET", "/ledger/tile/entries/001.p/44").body;
  const std::string tile = filled.server->fetch("GET", "/ledger/tile/0/001.p/44").body;
  REQUIRE(bundle.size() == 44 * 34);
  REQUIRE(tile.size() == 44 * 32);
  for (std::size_t i = 0; i < 44; ++i) {
    CHECK(bundle.substr(i * 34, 2) == std::string("\x00\x20", 2));
    const auto leaf = crypto::leaf_hash(crypto::as_bytes(std::string_view(bundle).substr(i * 34 + 2, 32)));
    CHECK(crypto::as_text(leaf) == std::string_view(tile).substr(i * 32, 32));
  }
}

TEST_CASE("tiles may be kept for ever and read by other sites, the checkpoint is asked for anew", "[ledger]") {
  const FilledServer filled(300);
  const Headers elsewhere = {{"Origin", "https://monitor.example"}};
  Reply tile = filled.server->fetch("GET", "/ledger/tile/0/000", elsewhere);
  CHECK(tile.status == 200);
  CHECK(tile.headers["content-type"] == "application/octet-stream");
  CHECK(tile.headers["cache-control"] == "public, max-age=31536000, immutable");
  CHECK(tile.headers["access-control-allow-origin"] == "*");
  Reply checkpoint = filled.server->fetch("GET", "/ledger/checkpoint", elsewhere);
  CHECK(checkpoint.headers["content-type"] == "text/plain; charset=utf-8");
  CHECK(checkpoint.headers["cache-control"] == "no-cache");
  CHECK(checkpoint.headers["access-control-allow-origin"] == "*");
  Reply missing = filled.server->fetch("GET", "/ledger/tile/0/009", elsewhere);
  CHECK(missing.status == 404);
  CHECK(missing.headers["access-control-allow-origin"] == "*");
  CHECK(missing.headers["cache-control"].find("immutable") == std::string::npos);
}

TEST_CASE("a narrower tile of the published tree is there, a wider one is not", "[ledger]") {
  const FilledServer filled(300);
  for (const char* there : {"0/000", "0/000.p/255", "0/001.p/1", "0/001.p/44", "1/000.p/1", "entries/000"}) {
    CAPTURE(there);
    CHECK(filled.server->fetch("GET", std::string("/ledger/tile/") + there).status == 200);
  }
  for (const char* missing : {"0/001", "0/001.p/45", "0/002.p/1", "1/000", "1/000.p/2", "2/000.p/1", "63/000.p/1",
                              "entries/001", "entries/001.p/45", "0/x001/000", "0/x999/x999/x999/x999/x999/999"}) {
    CAPTURE(missing);
    CHECK(filled.server->fetch("GET", std::string("/ledger/tile/") + missing).status == 404);
  }
}

TEST_CASE("an address that is no tile's is not found, whatever it tries", "[ledger]") {
  const FilledServer filled(300);
  for (const char* target : {"/ledger",
                             "/ledger/",
                             "/ledger/tile",
                             "/ledger/tile/",
                             "/ledger/tile/0",
                             "/ledger/tile/0/",
                             "/ledger/tile/0/0",
                             "/ledger/tile/0/000/",
                             "/ledger/tile/0//000",
                             "/ledger/tile/0/000.p/0",
                             "/ledger/tile/0/000.p/256",
                             "/ledger/tile/0/000.p/044",
                             "/ledger/tile/00/000",
                             "/ledger/tile/64/000",
                             "/ledger/tile/-1/000",
                             "/ledger/tile/0/x000/000",
                             "/ledger/tile/0/x001.p/1",
                             "/ledger/tile/18446744073709551616/000",
                             "/ledger/tile/0/x018/x446/x744/x073/x709/x551/616",
                             "/ledger/tile/0/%2e%2e/000",
                             "/ledger/tile/../../etc/passwd",
                             "/ledger/tile/entries/%ff",
                             "/ledger/checkpoint/",
                             "/ledger/ledger.db"}) {
    CAPTURE(target);
    CHECK(filled.server->fetch("GET", target).status == 404);
  }
  CHECK(filled.server->fetch("POST", "/ledger/checkpoint").status == 405);
}
