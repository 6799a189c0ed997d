#include "server/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <span>

namespace unavoce::server {
namespace {

constexpr const char* kExamples = R"(
Examples:
  unavoced                                        try it out on this machine: http://localhost:8080
  unavoced --config /etc/unavoce/unavoced.toml    as a service
  unavoced --config FILE --check-config           is the configuration right?
  unavoced --config FILE --make-invitation        print a code with which one host account can be made
  UNAVOCE_PORT=9000 unavoced                      every setting is also a variable

Flags win over variables, variables over the file. Lists in variables are separated by ';', as flags they are repeated.
Secrets (turn_secret) stand in the file only.)";

/// A flag however somebody may spell it: `turn_secret` as in the file, too.
std::string as_spelt_in_the_file(std::string_view argument) {
  std::string name(argument.substr(0, argument.find('=')));
  name.erase(0, name.find_first_not_of('-'));
  std::ranges::replace(name, '-', '_');
  return name;
}

/// Said before anything is parsed: what a parser does not know it repeats, and errors go into logs.
Result<void> check_for_secrets(std::span<const char* const> arguments) {
  for (const std::string_view argument : arguments) {
    for (const Setting& setting : settings()) {
      if (setting.given != Setting::Given::in_the_file || as_spelt_in_the_file(argument) != setting.key) continue;
      return Error(Errc::config, setting.flag() + " is a secret, and others on this machine see arguments; write " +
                                     std::string(setting.key) + " into the configuration file");
    }
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<std::optional<CommandLine>> parse_command_line(int argc, const char* const* argv) {
  BOOST_OUTCOME_TRY(check_for_secrets({argv, static_cast<std::size_t>(argc)}));
  CommandLine line;
  CLI::App app("unavoced: records meetings only when everybody has approved, sealed while written.", "unavoced");
  app.footer(kExamples);
  app.set_version_flag("--version", UNAVOCE_VERSION);
  bool check = false;
  bool invite = false;
  bool allow_root = false;
  bool unwitnessed = false;
  app.add_option("--config", line.config_file,
                 "Configuration file (TOML); packaging/unavoced.toml is a documented sample")
      ->envname("UNAVOCE_CONFIG");
  app.add_flag("--check-config", check, "Check file, variables and flags, then stop");
  app.add_flag("--make-invitation", invite, "Print a one-time code for --registration invitation, then stop");
  app.add_flag("--allow-root", allow_root,
               "Run as root, or make an invitation as root, although nothing here needs it");
  app.add_flag(
      "--start-unwitnessed", unwitnessed,
      "Start although not all witnesses, or not the copy of the checkpoint, can be asked for the newest state");
  std::map<std::string_view, std::vector<std::string>> values;
  for (const Setting& setting : settings()) {
    if (setting.given == Setting::Given::in_the_file) continue;
    auto* option = app.add_option(setting.flag(), values[setting.key], std::string(setting.help));
    option->type_name(setting.shape == Setting::Shape::list ? "TEXT (repeatable)" : "TEXT")->expected(1);
    if (setting.shape == Setting::Shape::single)
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    else
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    app.exit(done, std::cout, std::cerr);
    return std::optional<CommandLine>();
  } catch (const CLI::ParseError& error) {
    return Error(Errc::config, std::string(error.what()) + " (see --help)");
  }
  for (auto& [key, texts] : values) {
    if (!texts.empty()) line.flags.emplace(std::string(key), std::move(texts));
  }
  if (check) line.command = Command::check_config;
  if (invite) line.command = Command::make_invitation;
  if (unwitnessed) line.start = Config::Start::unwitnessed;
  if (allow_root) line.root = CommandLine::Root::allowed;
  return std::optional<CommandLine>(std::move(line));
}

}  // namespace unavoce::server
