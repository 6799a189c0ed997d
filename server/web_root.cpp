#include "server/web_root.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>

#include "crypto/hash.hpp"
#include "server/problem.hpp"

namespace unavoce::server {
namespace fs = std::filesystem;
namespace {

std::string content_type(const fs::path& path) {
  static const std::map<std::string, std::string> types = {{".html", "text/html; charset=utf-8"},
                                                           {".js", "text/javascript; charset=utf-8"},
                                                           {".css", "text/css; charset=utf-8"},
                                                           {".svg", "image/svg+xml"},
                                                           {".png", "image/png"},
                                                           {".ico", "image/x-icon"},
                                                           {".woff2", "font/woff2"},
                                                           {".json", "application/json"},
                                                           {".txt", "text/plain; charset=utf-8"},
                                                           {".map", "application/json"},
                                                           {".webmanifest", "application/manifest+json"}};
  const auto it = types.find(path.extension().string());
  return it == types.end() ? "application/octet-stream" : it->second;
}

std::string sha256_hex(std::string_view text) {
  return crypto::to_hex(crypto::sha256(crypto::as_bytes(text)));
}

Result<std::string> read_file(const fs::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error(code_of_os_error(errno), "cannot read the page file " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

// Nothing of the address is repeated in it. No style: it must not depend on a file that may be missing as well.
constexpr std::string_view kNoSuchPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Unavoce: no such page / keine solche Seite</title>
</head>
<body>
<main>
<h1>There is no such page</h1>
<p>The address is mistyped or not complete. If somebody invited you, open the whole link from the invitation, or ask them for it again.</p>
<section lang="de">
<h2>Diese Seite gibt es nicht</h2>
<p>Die Adresse ist vertippt oder nicht vollständig. Wenn jemand Sie eingeladen hat, öffnen Sie den ganzen Link aus der Einladung, oder bitten Sie noch einmal darum.</p>
</section>
<p><a href="/">To the start / Zum Anfang</a></p>
</main>
</body>
</html>
)html";

/// A page for people who mistyped an address; programs, and whoever asks the API, get a problem document.
Response not_found(const Request& request) {
  Response problem = problem_response(Error(Errc::not_found, "there is no such page"));
  const bool by_browser = request.header("accept").find("text/html") != std::string_view::npos;
  if (!by_browser || request.path.starts_with("/api/")) return problem;
  Response page;
  page.status = problem.status;
  page.body = kNoSuchPage;
  page.with("Content-Type", "text/html; charset=utf-8");
  return page;
}

}  // namespace

Result<WebRoot> WebRoot::load(const fs::path& folder) {
  constexpr std::size_t max_total_bytes = 64u << 20u;
  WebRoot root;
  std::size_t total_bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_symlink() || !it->is_regular_file()) continue;
    BOOST_OUTCOME_TRY(auto body, read_file(it->path()));
    total_bytes += body.size();
    if (total_bytes > max_total_bytes)
      return Error(Errc::config, "web_root " + folder.string() + " holds more than 64 MiB");
    File file{std::move(body), {}, content_type(it->path())};
    file.etag = "\"" + sha256_hex(file.body).substr(0, 32) + "\"";
    root.files_.emplace(it->path().lexically_relative(folder).generic_string(), std::move(file));
  }
  if (error)
    return Error(code_of_os_error(error.value()), "cannot read web_root " + folder.string() + ": " + error.message());
  if (const File* manifest = root.find("manifest-sha256.txt")) root.page_sha256_ = sha256_hex(manifest->body);
  return root;
}

const WebRoot::File* WebRoot::find(std::string_view path) const {
  const auto it = files_.find(path);
  return it == files_.end() ? nullptr : &it->second;
}

Response WebRoot::get(const Request& request) const {
  std::string_view path = request.path;
  if (path == "/")
    path = "/index.html";
  else if (path == "/host")
    path = "/host.html";
  else if (path == "/withdraw")
    path = "/withdraw.html";
  else if (path == "/privacy")
    path = "/privacy.html";
  else if (path.starts_with("/r/") && path.find('/', 3) == std::string_view::npos)
    path = "/room.html";
  const File* file = find(path.substr(1));
  if (file == nullptr) return not_found(request);
  Response response;
  if (request.header("if-none-match") == file->etag) {
    response.status = 304;
  } else {
    response.body = file->body;
    response.with("Content-Type", file->content_type);
  }
  response.with("ETag", file->etag);
  // Always ask again (304 is cheap): a stale page next to a new server would name the wrong page_sha256.
  response.with("Cache-Control", "no-cache");
  return response;
}

fs::path default_web_root() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (fs::path folder = program.parent_path(); !error && folder.has_relative_path(); folder = folder.parent_path()) {
    for (const char* name : {"pages", "build/pages", "share/unavoce/web"}) {
      if (fs::exists(folder / name / "index.html", error)) return folder / name;
    }
  }
  return "/usr/share/unavoce/web";
}

}  // namespace unavoce::server
