#include "server/beast_request.hpp"

namespace unavoce::server {

namespace http = boost::beast::http;

bool convert_request(const http::request<http::string_body>& from, Request& to) {
  switch (from.method()) {
    case http::verb::get:
      to.method = Method::get;
      break;
    case http::verb::head:
      to.method = Method::head;
      break;
    case http::verb::post:
      to.method = Method::post;
      break;
    case http::verb::put:
      to.method = Method::put;
      break;
    case http::verb::delete_:
      to.method = Method::remove;
      break;
    case http::verb::patch:
      to.method = Method::patch;
      break;
    case http::verb::options:
      to.method = Method::options;
      break;
    default:
      to.method = Method::other;
  }
  const std::string_view target(from.target().data(), from.target().size());
  const auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question));
  if (!path || !path.value().starts_with('/')) return false;
  to.path = std::move(path).value();
  to.query = question == std::string_view::npos ? std::string() : std::string(target.substr(question + 1));
  for (const auto& field : from) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto [known, is_first] = to.headers.emplace(std::move(name), std::string(field.value()));
    // A list may come in several lines (RFC 9110 section 5.3); here the last one counts, which the nearest proxy wrote.
    if (!is_first && known->first == "x-forwarded-for") known->second.append(", ").append(field.value());
  }
  return true;
}

}  // namespace unavoce::server
