// The parts of a request that strangers write: path, query, range, cookies, X-Forwarded-For, Content-Type, If-Match,
// JSON body. Every input is tried as each of them.
#include "crypto/bytes.hpp"
#include "require.hpp"
#include "server/client_address.hpp"
#include "server/http.hpp"
#include "server/json_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace server = unavoce::server;
  const std::string_view text = unavoce::crypto::as_text({bytes, size});
  const auto decoded = server::percent_decode(text);
  if (decoded) require(decoded.value().size() <= text.size() && decoded.value().find('\0') == std::string::npos);
  const auto range = server::parse_range(text, 1000);
  if (range && range.value()) require(range.value()->first <= range.value()->last && range.value()->last < 1000);
  server::Request request;
  request.query = text;
  request.headers["cookie"] = text;
  request.headers["authorization"] = text;
  (void)request.query_value("kind");
  require(request.cookie("unavoce_session").size() <= text.size());
  require(request.bearer().size() <= text.size());
  request.headers["content-type"] = text;
  if (request.is_of_type("application/sdp")) require(text.size() >= 15);
  const bool matches = server::entity_tag_matches(text, "\"0123456789abcdef\"");
  require(!matches || text.find('*') != text.npos || text.find("\"0123456789abcdef\"") != text.npos);
  const std::vector proxies{server::AddressBlock::parse("10.0.0.0/8").value()};
  const std::string client = server::client_address("10.0.0.1", text, proxies);
  require(server::AddressBlock::parse(client) && server::AddressBlock::parse(server::address_group(client)));
  const auto input = server::JsonInput::parse(text, {"envelope", "wrapped", "user", "password"});
  if (!input) return 0;
  const auto envelope = input.value().text("envelope", 100);
  if (envelope) require(envelope.value().size() <= 100);
  (void)input.value().optional_text("wrapped", 100);
  return 0;
}
