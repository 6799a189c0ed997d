#include "server/router.hpp"

#include <chrono>

#include "server/other_sites.hpp"
#include "server/problem.hpp"

namespace unavoce::server {
namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the '/'
    const auto end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
  values.clear();
  const auto wanted = segments(pattern);
  const auto given = segments(path);
  const bool takes_rest = !wanted.empty() && wanted.back().starts_with("{+");
  if (takes_rest ? given.size() < wanted.size() : given.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (takes_rest && i + 1 == wanted.size()) {
      values.emplace_back(given[i].data(), static_cast<std::size_t>(path.data() + path.size() - given[i].data()));
      return true;
    }
    if (wanted[i].starts_with('{')) {
      if (given[i].empty()) return false;
      values.emplace_back(given[i]);
    } else if (wanted[i] != given[i]) {
      return false;
    }
  }
  return true;
}

bool is_api(std::string_view path) {
  return path == "/api" || path.starts_with("/api/") || is_for_other_sites(path);
}

/// Whether the machine is to blame, so that its operator must hear of it.
bool concerns_operator(const Error& error) {
  return error.word == "storage" || http_status(error.code) == 500;
}

}  // namespace

std::string login_token(const Request& request) {
  const std::string_view bearer = request.bearer();
  return std::string(bearer.empty() ? request.cookie(kLoginCookie) : bearer);
}

Router::Router(std::vector<Route> routes, UpgradeRoom upgrade_room, FindLogin find_login, OriginPolicy origins,
               const WebRoot& pages, std::string websocket_origin, Log& log)
    : routes_(std::move(routes)),
      upgrade_room_(std::move(upgrade_room)),
      find_login_(std::move(find_login)),
      origins_(std::move(origins)),
      pages_(pages),
      content_security_policy_(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
          "media-src 'self' blob: mediastream:; connect-src 'self' " +
          websocket_origin + "; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
      log_(log) {}

Router::Match Router::match(const Request& request) const {
  Match found;
  const Method method = request.method == Method::head ? Method::get : request.method;
  std::vector<std::string> values;
  for (const Route& route : routes_) {
    if (!fits(route.pattern, request.path, values)) continue;
    if (route.method == method) {
      found.route = &route;
      found.path = std::move(values);
      return found;
    }
    found.allow.append(found.allow.empty() ? "" : ", ").append(method_name(route.method));
  }
  return found;
}

std::uint64_t Router::body_limit_bytes(const Request& head) const {
  const Match found = match(head);
  return found.route == nullptr ? 0 : found.route->body_limit_bytes;
}

Task<Response> Router::handle(Request request) {
  const auto begin = std::chrono::steady_clock::now();
  const Method method = request.method;
  const Transport transport = request.transport;
  const std::string remote = request.remote_address;
  Match found = match(request);
  const std::string_view pattern = found.route != nullptr ? found.route->pattern : "(page)";
  auto answer = co_await dispatch(std::move(request), std::move(found));
  if (!answer && concerns_operator(answer.error())) log_.error("a request failed: " + answer.error().text);
  Response response = answer ? std::move(answer).value() : problem_response(answer.error());
  add_security_headers(response, transport);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  log_.request(method_name(method), pattern, response.status, remote, took.count());
  co_return response;
}

Task<Result<Response>> Router::dispatch(Request request, Match found) {
  if (!is_whip(request.path)) {
    BOOST_OUTCOME_CO_TRY(origins_.check(request));
  }
  if (found.route == nullptr) {
    if (!found.allow.empty()) {
      co_return problem_response(Error(Errc::method, "this address takes " + found.allow)).with("Allow", found.allow);
    }
    if (is_api(request.path))
      co_return Error(Errc::not_found, "there is nothing at this address; docs/API.md lists all");
    if (request.method == Method::get || request.method == Method::head) co_return pages_.get(request);
    co_return problem_response(Error(Errc::method, "pages can only be read")).with("Allow", "GET, HEAD");
  }
  Context context{std::move(request), std::move(found.path), {}};
  if (found.route->at_once) found.route->at_once(context);
  const std::string token = found.route->access == Access::anyone ? std::string() : login_token(context.request);
  if (!token.empty()) {
    auto user = co_await find_login_(token);
    BOOST_OUTCOME_CO_TRY(context.user, std::move(user));
  }
  if (found.route->access == Access::host && context.user.empty()) {
    co_return Error(Errc::unauthorised, "this needs a host's log-in, which is missing, wrong or expired");
  }
  co_return co_await found.route->handler(std::move(context));
}

Task<Result<OpenWebSocket>> Router::upgrade(Request request) {
  BOOST_OUTCOME_CO_TRY(origins_.check_upgrade(request));
  Context context{std::move(request), {}, {}};
  if (!fits(kRoomSocket, context.request.path, context.path)) {
    co_return Error(Errc::not_found, "there is no WebSocket at this address");
  }
  const std::string token(context.request.cookie(kLoginCookie));
  if (!token.empty()) {
    auto user = co_await find_login_(token);
    BOOST_OUTCOME_CO_TRY(context.user, std::move(user));
  }
  co_return co_await upgrade_room_(std::move(context));
}

void Router::add_security_headers(Response& response, Transport transport) const {
  response.with("Content-Security-Policy", content_security_policy_);
  response.with("Referrer-Policy", "no-referrer");
  response.with("X-Content-Type-Options", "nosniff");
  response.with("Cross-Origin-Opener-Policy", "same-origin");
  response.with("Cross-Origin-Resource-Policy", "same-origin");
  response.with("Permissions-Policy",
                "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()");
  if (transport == Transport::tls) response.with("Strict-Transport-Security", "max-age=31536000");
}

}  // namespace unavoce::server
