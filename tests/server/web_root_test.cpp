#include "server/web_root.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "crypto/hash.hpp"

using namespace unavoce::server;
namespace fs = std::filesystem;

namespace {

/// A folder with pages and, beside it, a secret.
struct Pages {
  fs::path folder = fs::temp_directory_path() / ("unavoce-web-" + std::to_string(getpid()));
  Pages() {
    fs::create_directories(folder / "web" / "assets");
    write("secret.txt", "secret");
    write("web/index.html", "<p>index");
    write("web/room.html", "<p>room");
    write("web/assets/a.js", "1");
    write("web/manifest-sha256.txt", "manifest");
    fs::create_symlink(folder / "secret.txt", folder / "web" / "link.txt");
  }
  ~Pages() { fs::remove_all(folder); }
  void write(const char* name, const char* text) const { std::ofstream(folder / name) << text; }
};

Response get(const WebRoot& root, std::string path, std::string etag = {}) {
  Request request;
  request.path = std::move(path);
  if (!etag.empty()) request.headers["if-none-match"] = std::move(etag);
  return root.get(request);
}

std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("pages have their own addresses, everything else its file name", "[web_root]") {
  const Pages pages;
  const WebRoot root = WebRoot::load(pages.folder / "web").value();
  CHECK(get(root, "/").body == "<p>index");
  CHECK(get(root, "/r/0123").body == "<p>room");
  CHECK(get(root, "/assets/a.js").body == "1");
  CHECK(header(get(root, "/assets/a.js"), "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(get(root, "/host").status == 404);
}

TEST_CASE("no address leads out of the web root, and links are not followed", "[web_root]") {
  const Pages pages;
  const WebRoot root = WebRoot::load(pages.folder / "web").value();
  for (const char* path : {"/../secret.txt", "//../secret.txt", "/assets/../../secret.txt", "/link.txt", "/assets",
                           "/r/../../secret.txt", "/./index.html", "/..", "//etc/passwd", "/r/a/b"}) {
    CAPTURE(path);
    CHECK(get(root, path).status == 404);
  }
}

TEST_CASE("a current copy is not sent again", "[web_root]") {
  const Pages pages;
  const WebRoot root = WebRoot::load(pages.folder / "web").value();
  const std::string etag = header(get(root, "/"), "ETag");
  REQUIRE_FALSE(etag.empty());
  CHECK(get(root, "/", etag).status == 304);
  CHECK(get(root, "/", etag).body.empty());
  CHECK(get(root, "/", "\"other\"").status == 200);
}

TEST_CASE("the hash of the page bundle is that of its manifest", "[web_root]") {
  const Pages pages;
  const auto digest = unavoce::crypto::sha256(unavoce::crypto::as_bytes("manifest"));
  CHECK(WebRoot::load(pages.folder / "web").value().page_sha256() == unavoce::crypto::to_hex(digest));
}

TEST_CASE("a mistyped address shows people a page with a way on, and programs a problem document", "[web_root]") {
  const Pages pages;
  const WebRoot root = WebRoot::load(pages.folder / "web").value();
  Request request;
  request.path = "/hosts";
  CHECK(header(root.get(request), "Content-Type") == "application/problem+json");
  request.headers["accept"] = "text/html,application/xhtml+xml,*/*;q=0.8";
  const Response page = root.get(request);
  CHECK(page.status == 404);
  CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.find("<a href=\"/\">") != std::string::npos);
  CHECK(page.body.find("lang=\"de\"") != std::string::npos);
  request.path = "/api/v1/nowhere";
  CHECK(header(root.get(request), "Content-Type") == "application/problem+json");
}
