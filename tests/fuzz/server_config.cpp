// The configuration file: no crash, and what is accepted holds what must hold between settings.
#include "crypto/bytes.hpp"
#include "require.hpp"
#include "server/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace server = unavoce::server;
  const auto values = server::parse_config_file(unavoce::crypto::as_text({bytes, size}), "fuzz");
  if (!values) return 0;
  const auto config = server::merge_config(values.value(), {}, {});
  if (!config) return 0;
  require(config.value().has_tls() || server::is_loopback(config.value().listen_address));
  require(config.value().udp_port_min <= config.value().udp_port_max);
  require(config.value().turn_servers.empty() == config.value().turn_secret.empty());
  return 0;
}
