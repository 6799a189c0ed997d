#include "server/config.hpp"

#include <arpa/inet.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "server/tls_files.hpp"

namespace unavoce::server {
namespace {

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

Result<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return Error(Errc::config, "must be a text or a whole number");
}

Result<std::vector<std::string>> node_texts(const toml::node& node, Setting::Shape shape) {
  std::vector<std::string> texts;
  if (shape == Setting::Shape::single) {
    BOOST_OUTCOME_TRY(auto text, scalar_text(node));
    texts.push_back(std::move(text));
    return texts;
  }
  const toml::array* array = node.as_array();
  if (array == nullptr) return Error(Errc::config, "must be a list: [\"…\", \"…\"]");
  for (const toml::node& element : *array) {
    BOOST_OUTCOME_TRY(auto text, scalar_text(element));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<void> apply_all(Config& config, const SettingValues& values, std::string_view source) {
  for (const Setting& setting : settings()) {
    const auto it = values.find(setting.key);
    if (it == values.end()) continue;
    if (setting.shape == Setting::Shape::single && it->second.size() != 1) {
      return Error(Errc::config, std::string(source) + ": " + std::string(setting.key) + " needs exactly one value");
    }
    if (auto applied = setting.apply(config, it->second); !applied) {
      return Error(Errc::config, std::string(source) + ": " + std::string(setting.key) + ": " + applied.error().text);
    }
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<SettingValues> parse_config_file(std::string_view toml_text, std::string_view name) {
  SettingValues values;
  try {
    const toml::table table = toml::parse(toml_text);
    for (const auto& [key, node] : table) {
      const Setting* setting = find_setting(key.str());
      if (setting == nullptr) {
        return Error(Errc::config, std::string(name) + ": unknown setting '" + std::string(key.str()) +
                                       "'; packaging/unavoced.toml lists all of them");
      }
      auto texts = node_texts(node, setting->shape);
      if (!texts)
        return Error(Errc::config, std::string(name) + ": " + std::string(key.str()) + " " + texts.error().text);
      values.emplace(std::string(key.str()), std::move(texts).value());
    }
  } catch (const toml::parse_error& error) {
    return Error(Errc::config, std::string(name) + ", line " + std::to_string(error.source().begin.line) + ": " +
                                   std::string(error.description()));
  }
  return values;
}

namespace {

/// Variables of this name that are no settings: which file to read, and what building and testing go by.
bool is_no_setting(std::string_view name) {
  constexpr std::array names{"UNAVOCE_CONFIG",    "UNAVOCE_BUILD", "UNAVOCE_JOBS",         "UNAVOCE_KEEP",
                             "UNAVOCE_CHROMIUM",  "UNAVOCE_SHOTS", "UNAVOCE_PICTURES",     "UNAVOCE_LONG",
                             "UNAVOCE_SEED",      "UNAVOCE_KILLS", "UNAVOCE_FUZZ_SECONDS", "UNAVOCE_WALK_SEED",
                             "UNAVOCE_WALK_STEPS"};
  return std::ranges::count(names, name) != 0 || name.starts_with("UNAVOCE_TEST_");
}

/// A setting that is misspelt would silently not hold.
Result<void> check_names(std::span<const std::string> environment) {
  for (const std::string& line : environment) {
    const std::string name = line.substr(0, line.find('='));
    if (!name.starts_with("UNAVOCE_") || is_no_setting(name)) continue;
    const auto known = [&](const Setting& setting) { return setting.variable() == name; };
    const auto found = std::ranges::find_if(settings(), known);
    if (found == settings().end()) {
      return Error(Errc::config, "environment: " + name + " is no setting; unset it, or see --help for their names");
    }
    if (found->given == Setting::Given::in_the_file) {
      return Error(Errc::config, "environment: " + name + " is a secret, and others may read it there; unset it, and " +
                                     "write " + std::string(found->key) + " into the configuration file");
    }
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<SettingValues> parse_environment(std::span<const std::string> environment) {
  BOOST_OUTCOME_TRY(check_names(environment));
  SettingValues values;
  for (const Setting& setting : settings()) {
    const std::string prefix = setting.variable() + "=";
    for (const std::string& line : environment) {
      if (!line.starts_with(prefix)) continue;
      std::string rest = line.substr(prefix.size());
      std::vector<std::string> texts;
      while (setting.shape == Setting::Shape::list && rest.find(';') != std::string::npos) {
        texts.push_back(rest.substr(0, rest.find(';')));
        rest.erase(0, rest.find(';') + 1);
      }
      texts.push_back(std::move(rest));
      values.insert_or_assign(std::string(setting.key), std::move(texts));
    }
  }
  return values;
}

Result<Config> merge_config(const SettingValues& file, const SettingValues& environment, const SettingValues& flags) {
  Config config;
  BOOST_OUTCOME_TRY(apply_all(config, file, "file"));
  BOOST_OUTCOME_TRY(apply_all(config, environment, "environment"));
  BOOST_OUTCOME_TRY(apply_all(config, flags, "flags"));
  BOOST_OUTCOME_TRY(check_config(config));
  return config;
}

bool is_loopback(std::string_view address) {
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return text == "::1" || text == "localhost";
}

namespace {

/// Beside the ledger the copy would be rolled back with it; in "/" nothing could be confined any more.
Result<void> check_checkpoint_copy(const Config& config) {
  const auto& copy = config.ledger_checkpoint_copy;
  if (copy.empty()) return boost::outcome_v2::success();
  const auto wrong = [&](const std::string& why, Errc code = Errc::config) {
    return Error(code, "ledger_checkpoint_copy: '" + copy.string() + "' " + why);
  };
  if (!copy.is_absolute() || !copy.has_filename()) return wrong("is not the absolute path of a file");
  std::error_code error;
  const auto folder = std::filesystem::weakly_canonical(copy.parent_path(), error);
  if (error) return wrong("cannot be looked at: " + error.message(), code_of_os_error(error.value()));
  const auto data = std::filesystem::weakly_canonical(std::filesystem::absolute(config.data_folder, error), error);
  if (error)
    return wrong("cannot be held against the data folder: " + error.message(), code_of_os_error(error.value()));
  if (folder == folder.root_path()) return wrong("must lie in a folder of its own, not in /");
  const auto is_in = [](const std::filesystem::path& inner, const std::filesystem::path& outer) {
    const auto between = inner.lexically_relative(outer);
    return !between.empty() && *between.begin() != "..";
  };
  if (is_in(folder, data) || is_in(data, folder)) return wrong("must not lie in the data folder, nor around it");
  return boost::outcome_v2::success();
}

}  // namespace

Result<void> check_config(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return Error(Errc::config, "tls_certificate and tls_key belong together: give both or none");
  }
  if (!config.has_tls() && !is_loopback(config.listen_address)) {
    return Error(Errc::config,
                 "without TLS unavoced listens on this machine only: set tls_certificate and tls_key, or listen = "
                 "\"127.0.0.1\" (now: " +
                     config.listen_address + ")");
  }
  if (config.listen_address != "localhost") {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, config.listen_address.c_str(), bytes.data()) != 1 &&
        inet_pton(AF_INET6, config.listen_address.c_str(), bytes.data()) != 1) {
      return Error(Errc::config, "listen: '" + config.listen_address + "' is not an IP address");
    }
  }
  BOOST_OUTCOME_TRY(check_checkpoint_copy(config));
  if ((config.udp_port_min == 0) != (config.udp_port_max == 0) || config.udp_port_min > config.udp_port_max) {
    return Error(Errc::config, "udp_port_min and udp_port_max: give both, the smaller one first, or none");
  }
  if (config.turn_servers.empty() != config.turn_secret.empty()) {
    return Error(Errc::config, "turn_servers and turn_secret belong together: give both or none");
  }
  return boost::outcome_v2::success();
}

Result<void> check_files(const Config& config) {
  if (config.has_tls()) {
    BOOST_OUTCOME_TRY(check_tls_files({config.tls_certificate.string(), config.tls_key.string()}));
  }
  std::error_code error;
  const auto copy = config.ledger_checkpoint_copy.parent_path();
  if (!copy.empty() && !std::filesystem::is_directory(copy, error))
    return Error(Errc::config, "ledger_checkpoint_copy: " + copy.string() + " is no folder; make it");
  const auto parent = std::filesystem::absolute(config.data_folder, error).parent_path();
  if (!error && std::filesystem::is_directory(parent, error)) return boost::outcome_v2::success();
  return Error(Errc::config, "data: " + parent.string() + " is no folder; make it, or name another place");
}

std::string public_base_url(const Config& config, std::uint16_t bound_port) {
  if (!config.base_url.empty()) return config.base_url;
  const bool any = config.listen_address == "0.0.0.0" || config.listen_address == "::";
  std::string host = is_loopback(config.listen_address) || any ? "localhost" : config.listen_address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const bool default_port = bound_port == (config.has_tls() ? 443 : 80);
  return (config.has_tls() ? "https://" : "http://") + host + (default_port ? "" : ":" + std::to_string(bound_port));
}

}  // namespace unavoce::server
