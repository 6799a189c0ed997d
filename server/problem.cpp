#include "server/problem.hpp"

#include <nlohmann/json.hpp>

namespace unavoce::server {

std::string_view default_word(Errc code) noexcept {
  switch (code) {
    case Errc::malformed:
      return "malformed";
    case Errc::unauthorised:
      return "unauthorised";
    case Errc::forbidden:
      return "forbidden";
    case Errc::not_found:
      return "not_found";
    case Errc::method:
      return "method_not_allowed";
    case Errc::conflict:
      return "conflict";
    case Errc::gone:
      return "gone";
    case Errc::precondition_failed:
      return "precondition_failed";
    case Errc::precondition_required:
      return "precondition_required";
    case Errc::too_slow:
      return "too_slow";
    case Errc::too_large:
      return "too_large";
    case Errc::media_type:
      return "unsupported_media_type";
    case Errc::unprocessable:
      return "unprocessable";
    case Errc::rate_limited:
      return "rate_limited";
    case Errc::unavailable:
      return "unavailable";
    case Errc::config:
      return "config";
    case Errc::io:
      return "io";
  }
  return "internal";
}

unsigned http_status(Errc code) noexcept {
  switch (code) {
    case Errc::malformed:
      return 400;
    case Errc::unauthorised:
      return 401;
    case Errc::forbidden:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::method:
      return 405;
    case Errc::conflict:
      return 409;
    case Errc::gone:
      return 410;
    case Errc::precondition_failed:
      return 412;
    case Errc::precondition_required:
      return 428;
    case Errc::too_slow:
      return 408;
    case Errc::too_large:
      return 413;
    case Errc::media_type:
      return 415;
    case Errc::unprocessable:
      return 422;
    case Errc::rate_limited:
      return 429;
    case Errc::unavailable:
      return 503;
    case Errc::config:
    case Errc::io:
      return 500;
  }
  return 500;
}

namespace {
unsigned status_of(const Error& error) {
  return error.word == "range_not_satisfiable" ? 416 : http_status(error.code);
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400:
      return "The request cannot be understood";
    case 401:
      return "Log in first";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "This method is not allowed here";
    case 408:
      return "Too slow";
    case 409:
      return "Contradicts what is stored";
    case 410:
      return "Erased";
    case 412:
      return "It has changed meanwhile";
    case 413:
      return "Too large";
    case 415:
      return "This content type is not understood here";
    case 416:
      return "Range not satisfiable";
    case 422:
      return "Nothing in it can be used";
    case 428:
      return "If-Match is missing";
    case 429:
      return "Too many attempts";
    case 503:
      return "Not possible right now";
    default:
      return "The server failed";
  }
}
}  // namespace

std::string problem_json(const Error& error) {
  const unsigned status = status_of(error);
  nlohmann::json document = {{"type", "urn:unavoce:problem:" + error.word},
                             {"title", title_of(status)},
                             {"status", status},
                             {"detail", error.text},
                             {"code", error.word}};
  // Error texts may quote input: never fail on bytes that are no UTF-8.
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Response problem_response(const Error& error) {
  Response response = text_response(status_of(error), "application/problem+json", problem_json(error));
  if (response.status == 401) response.with("WWW-Authenticate", "Bearer realm=\"unavoce\"");
  const auto retry_after = [&](unsigned otherwise_s) {
    response.with("Retry-After", std::to_string(error.retry_after_s != 0 ? error.retry_after_s : otherwise_s));
  };
  if (response.status == 429) retry_after(30);
  if (response.status == 503) retry_after(5);
  return response;
}

}  // namespace unavoce::server
