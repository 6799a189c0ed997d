#pragma once
// The settings of unavoced, from a TOML file, the environment (UNAVOCE_…) and flags; flags win over the environment,
// which wins over the file. A plain value, made once by main. Every setting is one row of `settings()`
// (config_settings.cpp), so that file, environment, flags, --help and the sample file cannot drift apart. Errors:
// Errc::config, the text names source, setting and what would be right.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/cosignature.hpp"
#include "server/client_address.hpp"
#include "server/error.hpp"
#include "server/log.hpp"

namespace unavoce::server {

/// Who may create an account.
enum class Registration { open, invitation, closed };
std::string_view registration_name(Registration registration) noexcept;

/// Who is responsible for the processing (GDPR Art. 4 no. 7) and how to reach them.
struct Controller {
  std::string name;
  std::string contact;
};

/// Somebody who remembers the ledger's newest tree (witnesses.hpp).
struct WitnessSetting {
  std::string url;  ///< the prefix before /add-checkpoint
  crypto::CosignatureVerifier key;
};

struct Config {
  std::filesystem::path data_folder = "unavoce-data";
  std::filesystem::path web_root;  // empty: next to the build, else /usr/share/unavoce/web
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8080;  // 0: any free port (tests)
  std::filesystem::path tls_certificate;
  std::filesystem::path tls_key;
  std::string base_url;  // empty: made from address and port
  Registration registration = Registration::open;
  std::vector<Controller> controllers;
  std::string authority;
  std::string location;
  std::vector<std::string> processors;
  std::vector<std::string> ice_addresses;  // announced in the answers to publishers
  std::vector<std::string> ice_servers;    // for the mesh between browsers: stun:…
  std::vector<std::string> turn_servers;   // turn:… and turns:…, for those inside a meeting (ice_servers.hpp)
  std::string turn_secret;                 // what their credentials are made from; a secret: never told, never logged
  std::uint16_t udp_port_min = 0;          // 0: any
  std::uint16_t udp_port_max = 0;
  LogLevel log_level = LogLevel::info;
  std::uint32_t jitter_latency_ms = 200;
  std::uint32_t retention_max_days = 365;
  std::vector<AddressBlock> trusted_proxies;  // whose X-Forwarded-For is believed
  std::uint32_t max_connections = 1024;
  std::uint32_t max_connections_per_address = 256;
  std::uint32_t max_requests_per_second = 100;  // of one address, after ten times as many at once
  std::uint32_t max_sessions = 200;
  std::uint32_t max_sessions_per_account = 10;
  std::uint32_t max_sessions_per_address = 100;  // opened by it
  std::uint32_t max_rooms_per_account = 100;
  std::uint32_t max_accounts_per_address = 30;  // in an hour
  std::uint32_t max_publishers = 200;
  std::uint32_t max_mbit_per_publisher = 20;  // in a second, averaged over a few
  std::uint32_t disk_reserve_mib = 1024;      // stays free of recordings (disk_reserve.hpp); 0: nothing
  // No setting; shorter in tests. How long a start waits for the people of a recording that the last run left open;
  // then it ends as interrupted. Pages that stayed open notice an end without a word after thirty seconds and then try
  // at least every eleven (web/src/net/socket.ts); the rest is for routers that come up after the same power cut.
  std::chrono::milliseconds come_back_within{120'000};
  // No setting either; shorter in tests. What the disk refused is tried again after this.
  std::chrono::milliseconds try_again_after{2'000};
  // No setting either; shorter in tests. What has reached the end of its retention is looked for after each of these.
  std::chrono::milliseconds sweep_every{std::chrono::hours(1)};
  // No setting either; shorter in tests. How much is free is looked for after each of these.
  std::chrono::milliseconds look_at_disk_every{1'000};
  // No setting either: whoever opens a room's WebSocket says who they are within this.
  std::chrono::milliseconds join_within{10'000};
  // No setting either; shorter in tests. Whose WebSocket gives no sign of life for so long, pongs included, is gone.
  std::chrono::milliseconds gone_after_silence{20'000};
  // No setting either; shorter in tests. After this long without enough of its body a request dawdles (body_pace.hpp).
  std::chrono::milliseconds body_patience{2'000};
  std::uint32_t ledger_publish_seconds = 60;  // the public ledger advances at whole multiples of this
  std::vector<WitnessSetting> witnesses;
  std::filesystem::path ledger_checkpoint_copy;  // empty: none is kept
  // No setting: said on the command line, for one start.
  enum class Start { compared_with_all, unwitnessed } start = Start::compared_with_all;

  bool has_tls() const { return !tls_certificate.empty(); }
};

/// One setting. `apply` gets the values as text (several for lists) and checks them.
struct Setting {
  std::string_view key;  // in the file; the flag is --key with '-', the variable UNAVOCE_KEY in capitals
  std::string_view help;
  std::string_view example;  // as written in the file
  enum class Shape { single, list } shape;
  std::function<Result<void>(Config&, std::span<const std::string>)> apply;
  /// A secret stands in the file only: arguments are seen by others on the machine, an environment is inherited.
  enum class Given { anywhere, in_the_file } given = Given::anywhere;

  std::string flag() const;
  std::string variable() const;
};
const std::vector<Setting>& settings();

/// Values by key, as one source gave them.
using SettingValues = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Reads a TOML file's text. Unknown keys and wrong types are errors. `name` is for the error text.
Result<SettingValues> parse_config_file(std::string_view toml, std::string_view name);

/// Picks UNAVOCE_… out of an environment given as NAME=value texts. Lists are separated by ';'. Unknown ones are
/// errors, and so are secrets.
Result<SettingValues> parse_environment(std::span<const std::string> environment);

/// Applies file, environment and flags in this order on top of the defaults and checks the whole (check_config).
Result<Config> merge_config(const SettingValues& file, const SettingValues& environment, const SettingValues& flags);

/// What must hold between settings: TLS halves together; without TLS only a loopback address; a port range the right
/// way round; TURN servers and their secret together.
Result<void> check_config(const Config& config);

/// What --check-config looks at besides: certificate and key (tls_files.hpp), the folder for the data folder exists.
Result<void> check_files(const Config& config);

/// True for 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view address);

/// The public base address, without a final '/': `base_url`, or made from listen address and the port really bound.
std::string public_base_url(const Config& config, std::uint16_t bound_port);

}  // namespace unavoce::server
