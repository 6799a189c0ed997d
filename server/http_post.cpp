#include "server/http_post.hpp"

#include <curl/curl.h>

#include <memory>

namespace unavoce::server {
namespace {

struct CurlFree {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

struct Incoming {
  std::string body;
  std::size_t limit_bytes;
};

std::size_t take_in(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& incoming = *static_cast<Incoming*>(self);
  if (size > incoming.limit_bytes - incoming.body.size()) return 0;
  try {
    incoming.body.append(data, size);
  } catch (...) {
    return 0;  // no exception through C
  }
  return size;
}

struct Waiting {
  const HttpPatience& patience;
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();

  bool is_over() const noexcept {
    return patience.is_over || std::chrono::steady_clock::now() - since > patience.for_each.load();
  }
};

int look_up(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const Waiting*>(self)->is_over() ? 1 : 0;
}

}  // namespace

Result<HttpAnswer> http_post(const std::string& url, const std::string& body, std::size_t limit_bytes,
                             const HttpPatience& patience) {
  // Once, although several threads may ask at once.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlFree> curl(started == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) return Error(Errc::io, "libcurl does not start");
  const std::unique_ptr<curl_slist, CurlFree> headers(curl_slist_append(nullptr, "Content-Type: text/plain"));
  Incoming incoming{{}, limit_bytes};
  Waiting waiting{patience};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, url.starts_with("https:") ? "https" : "http");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  if (!url.starts_with("https:")) curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");  // it stays on this machine
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_QUICK_EXIT, 1L);  // otherwise whoever gives up waits for the resolver's thread
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "unavoced/" UNAVOCE_VERSION);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take_in);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &incoming);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &look_up);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &waiting);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_ABORTED_BY_CALLBACK) return Error(Errc::io, "it did not answer in time");
  if (code != CURLE_OK) return Error(Errc::io, std::string("it cannot be reached: ") + curl_easy_strerror(code));
  HttpAnswer answer{0, {}, std::move(incoming.body)};
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  const char* type = nullptr;
  if (curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr)
    answer.content_type = type;
  return answer;
}

}  // namespace unavoce::server
