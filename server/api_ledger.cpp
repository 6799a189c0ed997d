// /ledger: the read paths of C2SP tlog-tiles (c2sp.org/tlog-tiles), for everybody.

#include "server/api.hpp"
#include "server/published_ledger.hpp"

namespace unavoce::server {
namespace {

/// Tiles never change; what is asked for by one width is the same for ever.
constexpr const char* kForEver = "public, max-age=31536000, immutable";

Task<Result<Response>> show_tile(PublishedLedger& published, Context context) {
  // An address that is spelled wrongly is one where nothing is.
  const auto path = consent::parse_tile_path(context.path[0]);
  if (!path) co_return Error(Errc::not_found, path.error().text);
  const consent::TilePath wanted = path.value();
  auto bytes = co_await published.tile(wanted);
  if (!bytes) co_return bytes.error();
  co_return text_response(200, "application/octet-stream", std::move(bytes).value()).with("Cache-Control", kForEver);
}

}  // namespace

std::vector<Route> ledger_routes(PublishedLedger& published) {
  return {
      {Method::get, "/ledger/checkpoint", Access::anyone, 0,
       [&published](Context) -> Task<Result<Response>> {
         co_return text_response(200, "text/plain; charset=utf-8", published.checkpoint())
             .with("Cache-Control", "no-cache");
       }},
      {Method::get, "/ledger/tile/{+path}", Access::anyone, 0, [&published](Context context) -> Task<Result<Response>> {
         co_return co_await show_tile(published, std::move(context));
       }}};
}

}  // namespace unavoce::server
