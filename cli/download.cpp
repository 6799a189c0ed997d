#include "cli/download.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "cli/progress.hpp"

namespace unavoce::cli {

namespace {

struct CurlFree {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(CURLU* handle) const noexcept { curl_url_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  void operator()(char* text) const noexcept { curl_free(text); }
};
using EasyPtr = std::unique_ptr<CURL, CurlFree>;
using UrlPtr = std::unique_ptr<CURLU, CurlFree>;
using ListPtr = std::unique_ptr<curl_slist, CurlFree>;
using TextPtr = std::unique_ptr<char, CurlFree>;

constexpr std::size_t kIdDigits = 32;

Error no_address(std::string_view why) {
  return {ExitCode::usage,
          "the address of a recording looks like https://example.org/recordings/<32 hex digits>; " + std::string(why)};
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  return TextPtr(text).get();
}

/// `/base/api/v1/recordings/<id>/bundle` from any of the spellings; nothing if there is no id in it.
std::optional<std::string> bundle_path(std::string_view path) {
  constexpr std::string_view folder = "/recordings/";
  const std::size_t at = path.rfind(folder);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view id = path.substr(at + folder.size(), kIdDigits);
  const std::string_view rest = path.substr(std::min(path.size(), at + folder.size() + kIdDigits));
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() != kIdDigits || !std::ranges::all_of(id, is_hex)) return std::nullopt;
  if (!rest.empty() && rest != "/" && rest != "/bundle") return std::nullopt;
  std::string_view base = path.substr(0, at);
  if (base.ends_with("/api/v1")) base.remove_suffix(7);
  return std::string(base) + "/api/v1/recordings/" + std::string(id) + "/bundle";
}

/// What the callbacks of one transfer share.
struct Transfer {
  int fd;
  int os_error = 0;
  Progress progress{"fetching", std::nullopt};
};

std::size_t write_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = ::write(transfer.fd, data + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      transfer.os_error = errno;
      return 0;
    }
    done += static_cast<std::size_t>(written);
  }
  try {
    transfer.progress.add(size);
  } catch (...) {
    return 0;  // no exception through C
  }
  return size;
}

/// What holds for everything that is fetched.
void set_up(CURL* curl, const std::string& address) {
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, address.starts_with("https:") ? "https" : "http");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "unavoce/" UNAVOCE_VERSION);
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

struct SmallBody {
  std::string text;
  std::size_t limit_bytes;
};

std::size_t keep_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& body = *static_cast<SmallBody*>(self);
  if (size > body.limit_bytes - body.text.size()) return 0;
  try {
    body.text.append(data, size);
  } catch (...) {
    return 0;  // no exception through C
  }
  return size;
}

Error refusal(long status) {
  const std::string code = std::to_string(status);
  if (status == 401 || status == 403)
    return {ExitCode::failed, "the server refuses the token (" + code + "); get a new one on the host page"};
  if (status == 404 || status == 410) return {ExitCode::failed, "the server has no such recording (" + code + ")"};
  return {ExitCode::io, "the server answered " + code + "; try again later"};
}

}  // namespace

bool is_address(const std::string& recording) {
  return recording.starts_with("https://") || recording.starts_with("http://");
}

Result<std::string> bundle_address(const std::string& recording) {
  const UrlPtr url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, recording.c_str(), 0) != CURLUE_OK)
    return no_address("this is no address");
  const std::string host = part_of(url.get(), CURLUPART_HOST);
  if (part_of(url.get(), CURLUPART_SCHEME) != "https" && !is_this_machine(host)) {
    return no_address("http is for this machine only, it would show the token to everybody on the way");
  }
  if (!part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_QUERY).empty()) {
    return no_address("without user name and without '?'; the token comes from --token-file or UNAVOCE_TOKEN");
  }
  const auto path = bundle_path(part_of(url.get(), CURLUPART_PATH));
  if (!path) return no_address("there is no recording id in this one");
  curl_url_set(url.get(), CURLUPART_PATH, path->c_str(), 0);
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  return part_of(url.get(), CURLUPART_URL);
}

Result<void> download(const std::string& address, const crypto::SecretBytes& token, int fd) {
  const EasyPtr curl(curl_easy_init());
  if (!curl) return Error(ExitCode::io, "libcurl does not start");
  std::string authorization = "Authorization: Bearer ";
  authorization += crypto::as_text(token.view());
  const ListPtr headers(curl_slist_append(nullptr, authorization.c_str()));
  crypto::wipe(authorization);

  Transfer transfer{fd};
  set_up(curl.get(), address);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &write_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);

  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR) return refusal(status);
  if (transfer.os_error != 0)
    return Error(ExitCode::io, "cannot keep what was fetched: " + std::system_category().message(transfer.os_error));
  if (code != CURLE_OK) return Error(ExitCode::io, "cannot fetch " + address + ": " + curl_easy_strerror(code));
  if (status != 200) return refusal(status);
  return boost::outcome_v2::success();
}

Result<std::string> service_address(const std::string& text) {
  const auto no_service = [](std::string_view why) {
    return Error(ExitCode::usage, "the address of a service looks like https://example.org; " + std::string(why));
  };
  const UrlPtr url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return no_service("this is no address");
  if (part_of(url.get(), CURLUPART_SCHEME) != "https" && !is_this_machine(part_of(url.get(), CURLUPART_HOST))) {
    return no_service("http is for this machine only, anybody on the way could answer in its place");
  }
  if (!part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_QUERY).empty()) {
    return no_service("without user name and without '?'");
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  std::string address = part_of(url.get(), CURLUPART_URL);
  while (address.ends_with('/')) address.pop_back();
  if (address.ends_with("/ledger")) address.resize(address.size() - 7);
  return address;
}

Result<std::string> fetch_public(const std::string& address, std::size_t limit_bytes) {
  const EasyPtr curl(curl_easy_init());
  if (!curl) return Error(ExitCode::io, "libcurl does not start");
  SmallBody body{{}, limit_bytes};
  set_up(curl.get(), address);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &keep_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR || (code == CURLE_OK && status != 200)) {
    // Being busy is no answer; saying that it is not there is one.
    const bool busy = status == 429 || status >= 500;
    return Error(busy ? ExitCode::io : ExitCode::failed,
                 "the server answered " + std::to_string(status) + " for " + address);
  }
  if (code == CURLE_WRITE_ERROR) {
    return Error(ExitCode::failed, address + " is larger than the " + std::to_string(limit_bytes) + " bytes it may be");
  }
  if (code != CURLE_OK) return Error(ExitCode::io, "cannot fetch " + address + ": " + curl_easy_strerror(code));
  return std::move(body.text);
}

}  // namespace unavoce::cli
