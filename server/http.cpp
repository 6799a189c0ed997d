#include "server/http.hpp"

#include <algorithm>
#include <charconv>

namespace unavoce::server {
namespace {

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What HTTP's lists and parameters may have around them (RFC 9110 section 5.6.3).
std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view method_name(Method method) noexcept {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::remove:
      return "DELETE";
    case Method::patch:
      return "PATCH";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "OTHER";
}

std::string_view Request::header(std::string_view name) const {
  auto it = headers.find(std::string(name));
  return it == headers.end() ? std::string_view() : std::string_view(it->second);
}

std::string_view Request::cookie(std::string_view name) const {
  std::string_view rest = header("cookie");
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string_view Request::bearer() const {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view value = header("authorization");
  if (value.size() <= scheme.size()) return {};
  if (!std::ranges::equal(value.substr(0, scheme.size()), scheme, {}, lower_case)) return {};
  return value.substr(scheme.size());
}

bool Request::is_of_type(std::string_view media_type) const {
  std::string_view type = header("content-type");
  return std::ranges::equal(trimmed(type.substr(0, type.find(';'))), media_type, {}, lower_case);
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (value) return std::move(value).value();
    return std::nullopt;
  }
  return std::nullopt;
}

Response& Response::with(std::string name, std::string value) & {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

Response Response::with(std::string name, std::string value) && {
  headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Response empty_response(unsigned status) {
  Response response;
  response.status = status;
  return response;
}

Response text_response(unsigned status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Content-Type", std::move(content_type));
  return response;
}

namespace {
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}
}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error(Errc::malformed, "the address holds a broken %-escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return Error(Errc::malformed, "the address holds a NUL character");
    out.push_back(c);
  }
  return out;
}

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit) || header.find(',') != std::string_view::npos) return std::optional<ByteRange>();
  header.remove_prefix(unit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return std::optional<ByteRange>();
  const Error unsatisfiable(Errc::malformed, "the range lies outside of the file", "range_not_satisfiable");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (dash == 0) {  // the last n bytes
    if (!parse_number(header.substr(1), last)) return std::optional<ByteRange>();
    if (last == 0 || size == 0) return unsatisfiable;
    return std::optional<ByteRange>(ByteRange{size - std::min(last, size), size - 1});
  }
  if (!parse_number(header.substr(0, dash), first)) return std::optional<ByteRange>();
  if (first >= size) return unsatisfiable;
  if (dash + 1 == header.size()) return std::optional<ByteRange>(ByteRange{first, size - 1});
  if (!parse_number(header.substr(dash + 1), last) || last < first) return std::optional<ByteRange>();
  return std::optional<ByteRange>(ByteRange{first, std::min(last, size - 1)});
}

bool entity_tag_matches(std::string_view if_match, std::string_view tag) {
  for (std::string_view rest = if_match; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string_view one = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // RFC 9725 prints the asterisk in quotes in its examples, and clients send it so.
    if (one == "*" || one == "\"*\"" || one == tag) return true;
  }
  return false;
}

}  // namespace unavoce::server
