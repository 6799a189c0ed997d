// The options that several commands share, and how a command is registered. Internal to the command line.
//
// Owner: option objects live as long as the App's callbacks. Thread: main. Errors: CLI11's ParseError.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands.hpp"

namespace unavoce::cli {

/// What was chosen on the command line.
struct Invocation {
  std::function<Result<Report>()> command;
  bool json = false;
};

inline void add_common_options(CLI::App& command, Invocation& invocation) {
  command.add_flag("--json", invocation.json, "Report as one JSON object");
}

inline void add_passphrase_fd(CLI::App& command, PassphraseOptions& options) {
  command.add_option("--passphrase-fd", options.fd, "Read the passphrase (one line) from this file descriptor")
      ->envname("UNAVOCE_PASSPHRASE_FD")
      ->check(CLI::NonNegativeNumber);
}

inline void add_output(CLI::App& command, std::string& output) {
  command.add_option("-o,--output", output, "File to write (default: standard output)")->type_name("OUT");
}

/// Registers a command whose options are an Options object.
template <class Options>
std::shared_ptr<Options> add_command(CLI::App& app, CLI::App*& command, Invocation& invocation, const char* name,
                                     const char* description, Result<Report> (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  command = app.add_subcommand(name, description);
  command->callback([options, run, &invocation] { invocation.command = [options, run] { return run(*options); }; });
  add_common_options(*command, invocation);
  return options;
}

inline void add_fingerprint(CLI::App& command, std::string& fingerprint) {
  command
      .add_option("--fingerprint", fingerprint,
                  "Room key fingerprint: the 43 characters after # in the invitation link")
      ->type_name("TEXT");
}

/// Commands about evidence: receipts, withdrawals, public ledgers and their witnesses, the operator's data folder.
void add_receipt(CLI::App& app, Invocation& invocation);
void add_withdraw(CLI::App& app, Invocation& invocation);
void add_ledger(CLI::App& app, Invocation& invocation);
void add_witness(CLI::App& app, Invocation& invocation);
void add_fsck(CLI::App& app, Invocation& invocation);

}  // namespace unavoce::cli
