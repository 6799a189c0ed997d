#pragma once
// The handlers behind docs/API.md, one function per part. Each returns routes for the Router; the Services must outlive
// them.

#include <vector>

#include "server/router.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Meetings;
class PublishedLedger;

/// Bodies without files or envelopes.
inline constexpr std::uint64_t kSmallBodyBytes = 8 * 1024;
/// Bodies with an envelope (64 KiB, escaped in JSON) and a wrapped key.
inline constexpr std::uint64_t kStatementBodyBytes = 256 * 1024;

/// /config, /health, /openapi.json
std::vector<Route> service_routes(Services& services);
/// /ledger, outside of /api: addresses and formats are those of C2SP tlog-tiles
std::vector<Route> ledger_routes(PublishedLedger& published);
/// /accounts, /login, /logout, /account
std::vector<Route> account_routes(Services& services, Meetings& meetings);
/// /rooms
std::vector<Route> room_routes(Services& services, Meetings& meetings);
/// /statements
std::vector<Route> statement_routes(Services& services, Meetings& meetings);
/// /recordings: list, details, erasure, tokens
std::vector<Route> recording_list_routes(Services& services);
/// /recordings/{recording}: what withdrawals that are only in effect keep from being read (wrapped keys, track files,
/// bundle), the end, and erasing it
std::vector<Route> recording_routes(Services& services, Meetings& meetings);
/// /whip
std::vector<Route> whip_routes(Services& services, Meetings& meetings);

/// Who holds a log-in token, for the Router.
FindLogin login_finder(Services& services);
/// Who is logged in by this request, for routes of which only some requests need that; empty: nobody.
Task<Result<std::string>> find_user(Services& services, const Request& request);

}  // namespace unavoce::server
