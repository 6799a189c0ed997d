// Owners of libcurl's handles, and what every transfer of ours has in common: TLS verified, no redirect followed, a
// peer that says nothing for a minute is given up.
//
// Owner: unique_ptr. Thread: one at a time. Errors: null where libcurl gives null.
#pragma once

#include <curl/curl.h>

#include <memory>

namespace unavoce::cli {

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

/// `address` is https or, where the caller allows it, http.
inline void set_up_transfer(CURL* curl, const char* address, bool https) {
  curl_easy_setopt(curl, CURLOPT_URL, address);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "unavoce/" UNAVOCE_VERSION);
}

}  // namespace unavoce::cli
