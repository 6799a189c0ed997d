#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "server/config.hpp"

namespace unavoce::server {
namespace {

using Values = std::span<const std::string>;

Result<std::uint32_t> number(const std::string& text, std::uint32_t min, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    return Error(Errc::config,
                 "'" + text + "' is not a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

Result<std::string> one_line(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return Error(Errc::config, "control characters are not allowed");
  }
  if (text.size() > 500) return Error(Errc::config, "longer than 500 bytes");
  return text;
}

template <std::uint16_t Config::*Member>
Result<void> set_port(Config& config, Values values) {
  BOOST_OUTCOME_TRY(auto value, number(values[0], 0, 65535));
  config.*Member = static_cast<std::uint16_t>(value);
  return boost::outcome_v2::success();
}

template <std::uint32_t Config::*Member, std::uint32_t min, std::uint32_t max>
Result<void> set_number(Config& config, Values values) {
  BOOST_OUTCOME_TRY(auto value, number(values[0], min, max));
  config.*Member = value;
  return boost::outcome_v2::success();
}

template <std::string Config::*Member>
Result<void> set_text(Config& config, Values values) {
  BOOST_OUTCOME_TRY(auto value, one_line(values[0]));
  config.*Member = std::move(value);
  return boost::outcome_v2::success();
}

template <std::filesystem::path Config::*Member>
Result<void> set_path(Config& config, Values values) {
  BOOST_OUTCOME_TRY(auto value, one_line(values[0]));
  config.*Member = value;
  return boost::outcome_v2::success();
}

template <std::vector<std::string> Config::*Member>
Result<void> set_list(Config& config, Values values) {
  std::vector<std::string> list;
  for (const std::string& text : values) {
    BOOST_OUTCOME_TRY(auto value, one_line(text));
    if (!value.empty()) list.push_back(std::move(value));
  }
  config.*Member = std::move(list);
  return boost::outcome_v2::success();
}

Result<void> set_base_url(Config& config, Values values) {
  std::string url = values[0];
  while (url.ends_with('/')) url.pop_back();
  const auto scheme = url.find("://");
  const bool right_scheme = url.starts_with("https://") || url.starts_with("http://");
  if (!right_scheme || url.size() <= scheme + 3 || url.find_first_of("/?#@ ", scheme + 3) != std::string::npos) {
    return Error(Errc::config, "'" + url + "' is not an address like https://meet.example (without a path)");
  }
  config.base_url = std::move(url);
  return boost::outcome_v2::success();
}

Result<void> set_registration(Config& config, Values values) {
  for (const Registration choice : {Registration::open, Registration::invitation, Registration::closed}) {
    if (values[0] == registration_name(choice)) {
      config.registration = choice;
      return boost::outcome_v2::success();
    }
  }
  return Error(Errc::config, "'" + values[0] + "' is none of: open, invitation, closed");
}

Result<void> set_log_level(Config& config, Values values) {
  constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (values[0] == names.at(i)) {
      config.log_level = static_cast<LogLevel>(i);
      return boost::outcome_v2::success();
    }
  }
  return Error(Errc::config, "'" + values[0] + "' is none of: debug, info, warning, error");
}

Result<void> set_controllers(Config& config, Values values) {
  std::vector<Controller> controllers;
  for (const std::string& text : values) {
    BOOST_OUTCOME_TRY(auto line, one_line(text));
    const auto open = line.rfind('<');
    if (open == std::string::npos || open == 0 || !line.ends_with('>')) {
      return Error(Errc::config, "'" + line + "' is not of the form: Name <contact>");
    }
    std::string name = line.substr(0, open);
    while (name.ends_with(' ')) name.pop_back();
    controllers.push_back({std::move(name), line.substr(open + 1, line.size() - open - 2)});
  }
  config.controllers = std::move(controllers);
  return boost::outcome_v2::success();
}

Result<void> set_ice_addresses(Config& config, Values values) {
  for (const std::string& text : values) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) != 1 && inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
      return Error(Errc::config, "'" + text + "' is not an IP address");
    }
  }
  return set_list<&Config::ice_addresses>(config, values);
}

/// host[:port] of an address as RFC 7064 and 7065 have it.
bool is_host_and_port(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const bool is_v6 = text.starts_with('[');
  const auto end = is_v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return false;
  const std::string host(text.substr(is_v6 ? 1 : 0, is_v6 ? end - 1 : end));
  text.remove_prefix(is_v6 ? end + 1 : end);
  constexpr auto kOfNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  const bool is_host = is_v6 ? inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1
                             : !host.empty() && host.find_first_not_of(kOfNames) == std::string::npos;
  return is_host && (text.empty() || (text.starts_with(':') && number(std::string(text.substr(1)), 1, 65535)));
}

/// A browser refuses an address that is not exactly of this form, and with it every connection.
Result<void> set_ice_servers(Config& config, Values values) {
  for (const std::string& text : values) {
    if (!text.starts_with("stun:") || !is_host_and_port(std::string_view(text).substr(5))) {
      return Error(Errc::config,
                   "'" + text + "' is not of the form stun:host or stun:host:port (TURN goes into turn_servers)");
    }
  }
  return set_list<&Config::ice_servers>(config, values);
}

bool is_turn_address(std::string_view text) {
  const auto scheme = std::min(text.find(':'), text.size());
  if (text.substr(0, scheme) != "turn" && text.substr(0, scheme) != "turns") return false;
  text.remove_prefix(std::min(scheme + 1, text.size()));
  const auto query = std::min(text.find('?'), text.size());
  const auto transport = text.substr(query);
  return (transport.empty() || transport == "?transport=udp" || transport == "?transport=tcp") &&
         is_host_and_port(text.substr(0, query));
}

Result<void> set_turn_servers(Config& config, Values values) {
  for (const std::string& text : values) {
    if (!is_turn_address(text)) {
      return Error(Errc::config, "'" + text +
                                     "' is not of the form turn:host:port or turns:host:port, with ?transport=udp or "
                                     "?transport=tcp behind it or without");
    }
  }
  return set_list<&Config::turn_servers>(config, values);
}

/// What is wrong with it is said without it: errors go into logs.
Result<void> set_turn_secret(Config& config, Values values) {
  BOOST_OUTCOME_TRY(auto secret, one_line(values[0]));
  if (secret.size() < 16) return Error(Errc::config, "shorter than 16 bytes; make one with: openssl rand -hex 32");
  config.turn_secret = std::move(secret);
  return boost::outcome_v2::success();
}

Result<void> set_trusted_proxies(Config& config, Values values) {
  std::vector<AddressBlock> proxies;
  for (const std::string& text : values) {
    BOOST_OUTCOME_TRY(auto block, AddressBlock::parse(text));
    proxies.push_back(block);
  }
  config.trusted_proxies = std::move(proxies);
  return boost::outcome_v2::success();
}

/// Over plain http anybody on the way could say that a rolled back ledger is the newest one.
bool is_witness_address(std::string_view url) {
  if (url.find_first_of("?#@ ") != std::string_view::npos) return false;
  if (url.starts_with("https://")) return url.size() > 8;
  if (!url.starts_with("http://")) return false;
  const std::string_view rest = url.substr(7);
  if (rest.starts_with("[")) return is_loopback(rest.substr(1, rest.find(']') - 1));
  return is_loopback(rest.substr(0, rest.find_first_of(":/")));
}

Result<void> set_witnesses(Config& config, Values values) {
  std::vector<WitnessSetting> witnesses;
  for (const std::string& text : values) {
    const auto space = text.find(' ');
    std::string url = text.substr(0, space);
    while (url.ends_with('/')) url.pop_back();
    if (space == std::string::npos || !is_witness_address(url)) {
      return Error(Errc::config,
                   "'" + text + "' is not of the form: https://witness.example vkey (http:// only to this machine)");
    }
    auto key = crypto::CosignatureVerifier::parse(text.substr(space + 1));
    if (!key) return Error(Errc::config, "the vkey of the witness " + url + ": " + key.error().text);
    witnesses.push_back({std::move(url), std::move(key).value()});
  }
  config.witnesses = std::move(witnesses);
  return boost::outcome_v2::success();
}

constexpr auto kSingle = Setting::Shape::single;
constexpr auto kList = Setting::Shape::list;

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = {
      {"data", "Folder for database, ledger, keys and sealed recordings; put it on an encrypted volume.",
       "\"/var/lib/unavoce\"", kSingle, set_path<&Config::data_folder>},
      {"listen", "IP address to listen on. Without TLS only a loopback address is accepted.", "\"0.0.0.0\"", kSingle,
       set_text<&Config::listen_address>},
      {"port", "TCP port to listen on.", "443", kSingle, set_port<&Config::listen_port>},
      {"tls_certificate", "PEM file with the certificate chain.", "\"/etc/unavoce/fullchain.pem\"", kSingle,
       set_path<&Config::tls_certificate>},
      {"tls_key", "PEM file with the private key of the certificate.", "\"/etc/unavoce/privkey.pem\"", kSingle,
       set_path<&Config::tls_key>},
      {"base_url", "Address that people type; links and the check of the Origin header use it.",
       "\"https://meet.example\"", kSingle, set_base_url},
      {"web_root", "Folder with the built pages.", "\"/usr/share/unavoce/web\"", kSingle, set_path<&Config::web_root>},
      {"registration", "Who may create a host account: open, invitation (see --make-invitation) or closed.",
       "\"invitation\"", kSingle, set_registration},
      {"controllers", "Who is responsible, each as: Name <contact>.", "[\"Example GmbH <privacy@meet.example>\"]",
       kList, set_controllers},
      {"authority", "Supervisory authority for complaints.", "\"Data protection authority of Example\"", kSingle,
       set_text<&Config::authority>},
      {"location", "Where the servers stand.", "\"Germany\"", kSingle, set_text<&Config::location>},
      {"processors", "Companies that process data on your behalf.", "[\"Example Hosting GmbH\"]", kList,
       set_list<&Config::processors>},
      {"ice_addresses", "Public IP addresses announced for recorded media; default: those of this machine.",
       "[\"192.0.2.10\"]", kList, set_ice_addresses},
      {"ice_servers", "STUN servers for the meeting between browsers; default: none.", "[\"stun:meet.example:3478\"]",
       kList, set_ice_servers},
      {"turn_servers",
       "TURN servers for those whom neither the others nor this service reach directly, with turn_secret; default: "
       "none.",
       "[\"turn:meet.example:3478\", \"turns:meet.example:5349?transport=tcp\"]", kList, set_turn_servers},
      {"turn_secret", "Shared with the TURN servers (coturn: static-auth-secret); in the file only.",
       "\"the static-auth-secret of coturn\"", kSingle, set_turn_secret, Setting::Given::in_the_file},
      {"udp_port_min", "First UDP port for recorded media; 0: any free port.", "40000", kSingle,
       set_port<&Config::udp_port_min>},
      {"udp_port_max", "Last UDP port for recorded media.", "40999", kSingle, set_port<&Config::udp_port_max>},
      {"jitter_latency_ms",
       "How long to wait for late packets; 200 survives 5 % loss without a gap. A crash costs as much more.", "200",
       kSingle, set_number<&Config::jitter_latency_ms, 20, 1000>},
      {"max_publishers", "Cameras and screens that are recorded at the same time; more are told to come back later.",
       "200", kSingle, set_number<&Config::max_publishers, 1, 10000>},
      {"max_mbit_per_publisher",
       "Megabits that one camera or screen may send in a second, averaged over a few; beyond, its session ends.", "20",
       kSingle, set_number<&Config::max_mbit_per_publisher, 1, 10000>},
      {"disk_reserve_mib",
       "Stays free for all but recordings, at most a tenth of the volume: below it takes end and none begins; 0: none.",
       "1024", kSingle, set_number<&Config::disk_reserve_mib, 0, 1048576>},
      {"retention_max_days", "Longest retention a request may ask for.", "365", kSingle,
       set_number<&Config::retention_max_days, 1, 3650>},
      {"ledger_publish_seconds",
       "The public ledger shows new entries at whole multiples of this only, so that nobody sees when one came.", "60",
       kSingle, set_number<&Config::ledger_publish_seconds, 1, 3600>},
      {"witnesses",
       "Who remembers the ledger's newest state and cosigns what is published, each as: URL vkey; compared at start.",
       "[\"https://witness.example witness.example+02effaac+BPF22XeXMeGoDkZHozLdVt8RcgvTXA7pa68wE4/KS1td\"]", kList,
       set_witnesses},
      {"ledger_checkpoint_copy",
       "File outside of the data folder, on another disk, for the newest checkpoint; compared at start.",
       "\"/mnt/other/unavoce-checkpoint\"", kSingle, set_path<&Config::ledger_checkpoint_copy>},
      {"trusted_proxies", "Reverse proxies whose X-Forwarded-For is believed: addresses or blocks; default: none.",
       "[\"127.0.0.1\"]", kList, set_trusted_proxies},
      {"max_connections", "TCP connections at once; one that waits for a request makes way for a new one.", "1024",
       kSingle, set_number<&Config::max_connections, 16, 100000>},
      {"max_connections_per_address", "The same for one address (IPv6: one /64).", "256", kSingle,
       set_number<&Config::max_connections_per_address, 8, 100000>},
      {"max_requests_per_second", "Of one address, after ten times as many at once.", "100", kSingle,
       set_number<&Config::max_requests_per_second, 1, 1000>},
      {"max_sessions", "Meetings at once.", "200", kSingle, set_number<&Config::max_sessions, 1, 100000>},
      {"max_sessions_per_account", "Meetings at once in the rooms of one host.", "10", kSingle,
       set_number<&Config::max_sessions_per_account, 1, 100000>},
      {"max_sessions_per_address", "Meetings at once that one address (IPv6: one /64) opened.", "100", kSingle,
       set_number<&Config::max_sessions_per_address, 1, 100000>},
      {"max_rooms_per_account", "Rooms that one host may have.", "100", kSingle,
       set_number<&Config::max_rooms_per_account, 1, 100000>},
      {"max_accounts_per_address", "New accounts that one address (IPv6: one /64) may make in an hour.", "30", kSingle,
       set_number<&Config::max_accounts_per_address, 1, 100000>},
      {"log_level", "debug, info, warning or error.", "\"info\"", kSingle, set_log_level},
  };
  return table;
}

std::string Setting::flag() const {
  std::string out = "--" + std::string(key);
  for (char& c : out) {
    if (c == '_') c = '-';
  }
  return out;
}

std::string Setting::variable() const {
  std::string out = "UNAVOCE_" + std::string(key);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string_view registration_name(Registration registration) noexcept {
  switch (registration) {
    case Registration::open:
      return "open";
    case Registration::invitation:
      return "invitation";
    case Registration::closed:
      return "closed";
  }
  return "closed";
}

}  // namespace unavoce::server
