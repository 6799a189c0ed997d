#pragma once
// The flags of unavoced. Pure but for the help text that CLI11 prints; errors are Errc::config.

#include <optional>
#include <string>

#include "server/config.hpp"

namespace unavoce::server {

enum class Command { serve, check_config, make_invitation };

struct CommandLine {
  Command command = Command::serve;
  std::string config_file;  // empty: none
  SettingValues flags;
  enum class Root { refused, allowed } root = Root::refused;
  Config::Start start = Config::Start::compared_with_all;
};

/// Nothing: --help or --version was asked for and printed.
Result<std::optional<CommandLine>> parse_command_line(int argc, const char* const* argv);

}  // namespace unavoce::server
