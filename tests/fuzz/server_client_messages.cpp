// What pages say over the WebSocket: no crash, and what is accepted keeps its limits.
#include "crypto/bytes.hpp"
#include "require.hpp"
#include "server/client_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace server = unavoce::server;
  const auto message = server::parse_client_message(unavoce::crypto::as_text({bytes, size}));
  if (!message) return 0;
  if (const auto* join = std::get_if<server::JoinMessage>(&message.value())) {
    require(!join->name.empty() && join->name.size() <= 240);
    for (const char c : join->name) require(static_cast<unsigned char>(c) >= 0x20);
  }
  if (const auto* signal = std::get_if<server::SignalMessage>(&message.value()))
    require(signal->data.size() <= 32 * 1024);
  return 0;
}
