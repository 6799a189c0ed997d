// /config, /health and /openapi.json: what anybody may know about the service.

#include "server/api.hpp"
#include "server/api_document.hpp"
#include "server/json_input.hpp"

namespace unavoce::server {
namespace {

Json config_json(const Services& services) {
  const Config& config = services.config;
  Json controllers = Json::array();
  for (const Controller& controller : config.controllers) {
    controllers.push_back({{"name", controller.name}, {"contact", controller.contact}});
  }
  Json ice_servers = Json::array();  // without the TURN servers: those inside a meeting are told of them
  for (const std::string& url : config.ice_servers) ice_servers.push_back({{"urls", url}});
  return {{"registration", registration_name(config.registration)},
          {"service_key", services.service_key.public_key().text()},
          {"ledger", {{"origin", services.ledger_identity.name()}, {"vkey", services.ledger_identity.vkey()}}},
          {"controllers", controllers},
          {"authority", config.authority},
          {"location", config.location},
          {"processors", config.processors},
          {"page_sha256", services.pages.page_sha256()},
          {"ice_servers", ice_servers},
          {"version", UNAVOCE_VERSION},
          {"base_url", services.base_url},
          {"retention_max_days", config.retention_max_days},
          {"max_participants", 6},
          {"operator_notices", services.operator_notices}};
}

}  // namespace

std::vector<Route> service_routes(Services& services) {
  return {{Method::get, "/api/v1/config", Access::anyone, 0,
           [&services](Context) -> Task<Result<Response>> { co_return json_response(200, config_json(services)); }},
          {Method::get, "/api/v1/openapi.json", Access::anyone, 0,
           [](Context) -> Task<Result<Response>> {
             co_return text_response(200, "application/json", std::string(api_document()))
                 .with("Cache-Control", "no-cache");
           }},
          {Method::get, "/api/v1/health", Access::anyone, 0, [&services](Context) -> Task<Result<Response>> {
             // 200 in any case: on a disk that is low people still log in, answer and take back.
             co_return json_response(200, {{"status", services.reserve.is_reached() ? "disk_low" : "ok"}});
           }}};
}

}  // namespace unavoce::server
