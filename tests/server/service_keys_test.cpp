#include "server/service_keys.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "running_server.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

TEST_CASE("the keys made at the first start are the keys of every later one", "[service_keys]") {
  const TemporaryFolder folder;
  const auto first = ServiceKeys::open(folder.path(), "example/unavoce/1");
  const auto second = ServiceKeys::open(folder.path(), "example/unavoce/2");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first.value().service.public_key() == second.value().service.public_key());
  CHECK(first.value().ledger.verifier().vkey() == second.value().ledger.verifier().vkey());
}

TEST_CASE("a key file that cannot be read keeps the service from starting, and stays as it is", "[service_keys]") {
  const char* name = GENERATE("service.key", "ledger.key");
  const TemporaryFolder folder;
  REQUIRE(ServiceKeys::open(folder.path(), "example/unavoce"));
  const fs::path path = folder.path() / name;
  // A link that leads nowhere: for every user, root included, it is there and cannot be read.
  const fs::path kept = folder.path() / "kept";
  fs::rename(path, kept);
  fs::create_symlink("nowhere", path);
  const auto opened = ServiceKeys::open(folder.path(), "example/unavoce");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::io);
  CHECK(opened.error().text.find(path.string()) != std::string::npos);
  CHECK(fs::is_symlink(path));
}

TEST_CASE("a damaged key file is never replaced", "[service_keys]") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "service.key") << "# unavoce service key v1\n";
  CHECK_FALSE(ServiceKeys::open(folder.path(), "example/unavoce"));
  CHECK(fs::file_size(folder.path() / "service.key") == 25);
}
