#include "recorder/candidates.hpp"

#include <sstream>

namespace unavoce::recorder {
namespace {

/// `a=candidate:<foundation> <component> <transport> <priority> <address> <port> typ host …` with another address, or
/// nothing if the line is no UDP host candidate. The foundation differs per address (RFC 8445 section 5.1.1.3).
std::string at_address(const std::string& line, const std::string& address, std::size_t number) {
  std::istringstream in(line);
  std::string foundation, component, transport, priority, local, port, typ, type, rest;
  in >> foundation >> component >> transport >> priority >> local >> port >> typ >> type;
  if (!in || (transport != "UDP" && transport != "udp") || type != "host") return {};
  const bool both_v6 = (local.find(':') != std::string::npos) == (address.find(':') != std::string::npos);
  if (!both_v6) return {};
  std::getline(in, rest);
  return foundation + "p" + std::to_string(number) + " " + component + " " + transport + " " + priority + " " +
         address + " " + port + " typ host" + rest;
}

}  // namespace

std::string with_public_addresses(std::string_view sdp, const std::vector<std::string>& public_addresses) {
  if (public_addresses.empty()) return std::string(sdp);
  std::string out;
  std::istringstream in{std::string(sdp)};
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with("a=candidate:")) {
      for (std::size_t i = 0; i < public_addresses.size(); ++i) {
        const std::string candidate = at_address(line, public_addresses[i], i + 1);
        if (!candidate.empty()) out += candidate + "\r\n";
      }
    }
    out += line + "\r\n";
  }
  return out;
}

}  // namespace unavoce::recorder
