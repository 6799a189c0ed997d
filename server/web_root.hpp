#pragma once
// The pages: all files of the web root, read once at start and served from memory. A request can only name what was
// found then, so no path leads anywhere else. Immutable after load; any thread.

#include <filesystem>
#include <map>
#include <string>

#include "server/http.hpp"

namespace unavoce::server {

class WebRoot {
 public:
  /// No pages at all (the API still works).
  WebRoot() = default;
  /// Reads every regular file below `folder`; symbolic links are not followed. Errors: io, unavailable; config if there
  /// are more than 64 MiB.
  static Result<WebRoot> load(const std::filesystem::path& folder);

  /// GET of a page or asset: `/`, `/host`, `/r/<room>`, `/withdraw`, `/privacy` are pages, everything else is a file's
  /// name. 304 when the client's copy (ETag) is current, 404 otherwise.
  Response get(const Request& request) const;

  bool empty() const { return files_.empty(); }
  /// SHA-256 (hex) of manifest-sha256.txt: the hash of the page bundle that requests name. 64 zeros without pages.
  const std::string& page_sha256() const { return page_sha256_; }

 private:
  struct File {
    std::string body;
    std::string etag;
    std::string content_type;
  };
  const File* find(std::string_view path) const;

  std::map<std::string, File, std::less<>> files_;  // by path, without a leading '/'
  std::string page_sha256_ = std::string(64, '0');
};

/// Where the pages are when nothing is configured: pages/, build/pages/ (a build) or share/unavoce/web/ (an
/// installation) in one of the folders above the program, else /usr/share/unavoce/web.
std::filesystem::path default_web_root();

}  // namespace unavoce::server
