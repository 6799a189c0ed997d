#include "cli/service.hpp"

#include <nlohmann/json.hpp>

#include "cli/curl_ptr.hpp"
#include "cli/recording_source.hpp"

namespace unavoce::cli {

namespace {

/// Far more than an answer of ours has.
constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 20;

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  return TextPtr(text).get();
}

std::size_t take_in(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& body = *static_cast<std::string*>(self);
  if (size > kMaxAnswerBytes - body.size()) return 0;
  try {
    body.append(data, size);
  } catch (...) {
    return 0;  // no exception through C
  }
  return size;
}

std::string field_of(const std::string& body, const char* field) {
  const auto problem = nlohmann::json::parse(body, nullptr, false);
  if (!problem.is_object() || !problem.contains(field) || !problem[field].is_string()) return {};
  return problem[field].get<std::string>();
}

}  // namespace

std::string Answer::problem_word() const {
  return field_of(body, "code");
}

std::string Answer::problem_text() const {
  return printable(field_of(body, "detail"));
}

Result<Service> Service::at(const std::string& base_url, PlainHttp plain) {
  const auto no_address = [&](const char* why) {
    return Error(ExitCode::usage, "the address of the service, " + printable(base_url) + ", will not do: " + why);
  };
  const UrlPtr url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, base_url.c_str(), 0) != CURLUE_OK)
    return no_address("it should look like https://example.org; name it with --server");
  const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
  const std::string host = part_of(url.get(), CURLUPART_HOST);
  const bool loopback = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
  if (scheme != "https" && scheme != "http") return no_address("only https is spoken here");
  if (scheme == "http" && !loopback && plain == PlainHttp::this_machine_only)
    return no_address("http is for this machine only, everybody on the way could read and change it (--insecure-http)");
  if (!part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_QUERY).empty() ||
      !part_of(url.get(), CURLUPART_FRAGMENT).empty())
    return no_address("without user name, '?' and '#'");
  std::string text = part_of(url.get(), CURLUPART_URL);
  while (text.ends_with('/')) text.pop_back();
  return Service(std::move(text));
}

Result<Answer> Service::get(const std::string& path) const {
  return ask(path, nullptr);
}

Result<Answer> Service::post(const std::string& path, const std::string& json) const {
  return ask(path, &json);
}

Result<Answer> Service::ask(const std::string& path, const std::string* json) const {
  const EasyPtr curl(curl_easy_init());
  if (!curl) return Error(ExitCode::io, "libcurl does not start");
  const std::string address = base_url_ + path;
  const ListPtr headers(curl_slist_append(nullptr, "Content-Type: application/json"));
  Answer answer;
  set_up_transfer(curl.get(), address.c_str(), address.starts_with("https:"));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take_in);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  if (json != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json->size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, json->c_str());
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK)
    return Error(ExitCode::io, "cannot reach " + printable(address) + ": " + curl_easy_strerror(code));
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
    answer.retry_after = std::chrono::seconds(seconds);
  return answer;
}

Error refused(std::string_view what, const Answer& answer) {
  const std::string status = std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    return {ExitCode::failed, std::string(what) + ": the service sends us elsewhere (" + status +
                                  "), and redirects are not followed. Name the right address with --server"};
  }
  std::string why = answer.problem_text();
  if (why.empty()) why = "no answer of an Unavoce service. Is the address right?";
  const ExitCode code =
      answer.status == 408 || answer.status == 429 || answer.status >= 500 ? ExitCode::io : ExitCode::failed;
  return {code, std::string(what) + " (" + status + "): " + why};
}

}  // namespace unavoce::cli
