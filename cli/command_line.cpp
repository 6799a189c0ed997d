#include "cli/command_line.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command_line_options.hpp"
#include "crypto/hardening.hpp"

namespace unavoce::cli {

namespace {

void add_keygen(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "keygen", "Make an age identity, or a room key", keygen);
  add_output(*command, options->output);
  command->add_option("--room", options->room, "Make a room key: for this room id, or \"new\" for a new one")
      ->type_name("ID");
  command->add_flag("-p,--passphrase", options->wrap_with_passphrase, "Seal the key file with a passphrase");
  add_passphrase_fd(*command, options->passphrase);
  command->footer(
      "Examples:\n"
      "  unavoce keygen -o key.txt                       an identity; its recipient is printed\n"
      "  unavoce keygen --room new -p -o room.key.age    a room key under a passphrase\n"
      "An existing file is never overwritten.");
}

void add_inspect(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "inspect", "Say what a file is, without any key", inspect);
  command->add_option("FILE", options->file, "Age file, track file, tail or identity file")->required();
  command->footer("Example:\n  unavoce inspect t001-0123456789abcdef-f001.webm.age");
}

void add_seal(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "seal", "Seal a file to recipients (an age file)", seal);
  command->add_option("-r,--recipient", options->recipients, "Recipient (age1…); can be repeated")
      ->type_name("RECIPIENT")
      ->allow_extra_args(false);
  command
      ->add_option("-R,--recipients-file", options->recipient_files,
                   "File with one recipient per line; can be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_flag("-p,--passphrase", options->with_passphrase, "Seal with a passphrase instead");
  add_passphrase_fd(*command, options->passphrase);
  add_output(*command, options->output);
  command->add_option("IN", options->input, "File to seal (default: standard input)");
  command->footer(
      "Examples:\n"
      "  unavoce seal -r age1… -o notes.txt.age notes.txt\n"
      "  tar c folder | unavoce seal -R recipients.txt > folder.tar.age\n"
      "Any program that reads age opens the result: age -d -i key.txt notes.txt.age");
}

void add_unseal(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "unseal", "Open a sealed file (an age file)", unseal);
  command
      ->add_option("-i,--identity", options->identity_files,
                   "Identity file, also one sealed with a passphrase; can be repeated. "
                   "Without any, the file must be sealed with a passphrase")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_passphrase_fd(*command, options->passphrase);
  add_output(*command, options->output);
  command->add_option("IN", options->input, "File to open (default: standard input)");
  command->footer(
      "Examples:\n"
      "  unavoce unseal -i key.txt -o notes.txt notes.txt.age\n"
      "  unavoce unseal -i room.key.age W.age            asks for the passphrase of the room key\n"
      "Exit codes: 1 damaged or cut off, 3 sealed to somebody else or wrong passphrase, 4 cannot read or write.\n"
      "OUT appears only when all of it is authentic. On standard output every byte is authentic, but check the exit\n"
      "code: it is not 0 when the file was cut off.");
}

void add_source(CLI::App& command, RecordingOptions& options) {
  command
      .add_option("RECORDING", options.recording,
                  "Folder or tar of a recording, or its address: https://…/recordings/<id>")
      ->required();
  command
      .add_option("--token-file", options.token_file,
                  "File with the token for an address (otherwise the environment's UNAVOCE_TOKEN)")
      ->type_name("FILE");
}

void add_verify(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options =
      add_command(app, command, invocation, "verify", "Check a recording: who approved what, and is it whole", verify);
  add_source(*command, options->source);
  command->add_option("-k,--key", options->key, "Room key: also open every key and track")->type_name("FILE");
  add_fingerprint(*command, options->fingerprint);
  add_passphrase_fd(*command, options->passphrase);
  command->footer(
      "Examples:\n"
      "  unavoce verify unavoce-1f….tar\n"
      "  unavoce verify --key room.key --fingerprint Pq… folder\n"
      "Exit code 1 if anything is wrong. Without --fingerprint or --key, compare the fingerprint that is printed.");
}

void add_open(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "open", "Open a recording: write its tracks as playable files",
                             open_recording);
  add_source(*command, options->source);
  command->add_option("-k,--key", options->key, "Room key, or a participant's key file for their own part")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", options->output_folder, "Folder for the files (default: here)")->type_name("DIR");
  command->add_flag_callback(
      "--unverified", [options] { options->trust = Trust::whatever_opens; },
      "Open what can be opened although the recording does not verify");
  command->add_flag_callback(
      "--force", [options] { options->existing = Existing::overwritten; }, "Overwrite files that are there already");
  add_passphrase_fd(*command, options->passphrase);
  command->footer(
      "Examples:\n"
      "  unavoce open --key room.key -o meeting unavoce-1f….tar\n"
      "  unavoce open --key mine.unavoce-key.txt https://example.org/recordings/1f…");
}

int print(const Report& report, const Invocation& invocation) {
  std::ostream& out = report.channel == Channel::standard_output ? std::cout : std::cerr;
  const std::string& shown = invocation.json ? report.json : report.text;
  if (!shown.empty()) out << shown << (shown.ends_with('\n') ? "" : "\n");
  out.flush();
  return out ? static_cast<int>(report.exit_code) : static_cast<int>(ExitCode::io);
}

int print(const Error& error, const Invocation& invocation) {
  if (invocation.json) {
    const nlohmann::ordered_json object = {{"error", name_of(error.code)}, {"text", error.text}};
    std::cerr << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cerr << "unavoce: " << error.text << '\n';
  }
  return static_cast<int>(error.code);
}

/// Keys pass through this process: no core dump, no debugger of the same user. Not harden_process(): locking all
/// memory would need a limit that people's shells do not have.
void keep_to_ourselves() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write(), with its exit code
  keep_to_ourselves();

  CLI::App app("unavoce: keys, sealed files and recordings", "unavoce");
  app.set_version_flag("--version", UNAVOCE_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 a check failed or the file is damaged, 2 usage, 3 not for this key, 4 cannot read or "
      "write,\n"
      "5 withdrawn but not proven yet.\n"
      "unavoce COMMAND --help shows examples. All commands know --json.");
  Invocation invocation;
  add_keygen(app, invocation);
  add_inspect(app, invocation);
  add_seal(app, invocation);
  add_unseal(app, invocation);
  add_verify(app, invocation);
  add_open(app, invocation);
  add_receipt(app, invocation);
  add_withdraw(app, invocation);
  add_fsck(app, invocation);
  add_ledger(app, invocation);
  add_witness(app, invocation);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has exit codes of its own; ours know only "help was asked for" and "usage".
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::ok) : static_cast<int>(ExitCode::usage);
  }
  try {
    if (auto ready = crypto::init(); !ready) return print(Error(ready.error()), invocation);
    const auto report = invocation.command();
    return report ? print(report.value(), invocation) : print(report.error(), invocation);
  } catch (const std::exception& error) {
    return print(Error(ExitCode::io, std::string("internal error: ") + error.what()), invocation);
  }
}

}  // namespace unavoce::cli
