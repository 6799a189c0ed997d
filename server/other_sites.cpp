#include "server/other_sites.hpp"

namespace unavoce::server {

bool is_whip(std::string_view path) {
  return path == "/whip" || path.starts_with("/whip/");
}

bool is_ledger(std::string_view path) {
  return path == "/ledger" || path.starts_with("/ledger/");
}

bool is_for_other_sites(std::string_view path) {
  return is_whip(path) || is_ledger(path);
}

bool is_preflight(const Request& request) {
  return request.method == Method::options && !request.header("access-control-request-method").empty();
}

}  // namespace unavoce::server
