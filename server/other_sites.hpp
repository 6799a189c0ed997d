#pragma once
// What other sites' pages may read (CORS): WHIP, where a bearer token that no browser sends by itself says what may be
// done, and the public ledger, which is nobody's secret and cannot be changed from here. Pure functions.

#include <string_view>

#include "server/http.hpp"

namespace unavoce::server {

/// WHIP: what may be done there says a bearer token.
bool is_whip(std::string_view path);
bool is_ledger(std::string_view path);
/// Of the path of a request: whether pages of other sites may read the answer.
bool is_for_other_sites(std::string_view path);
/// What a browser asks before it lets a page of another site do something here.
bool is_preflight(const Request& request);

/// The headers of every answer to such a path, refusals included: a page that may not read them cannot say why
/// publishing failed, nor when to come back.
inline constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
inline constexpr std::string_view kAllowedOrigins = "*";
inline constexpr std::string_view kExposeHeaders = "Access-Control-Expose-Headers";
inline constexpr std::string_view kExposedHeaders = "Accept-Patch, ETag, Link, Location, Retry-After";

}  // namespace unavoce::server
