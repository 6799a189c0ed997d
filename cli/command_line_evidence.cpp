#include "cli/command_line_options.hpp"
#include "cli/fsck.hpp"

namespace unavoce::cli {

namespace {

void add_ledger_key(CLI::App& command, LedgerKeyOptions& options) {
  command.add_option("--ledger-key", options.vkey, "The ledger's key (vkey) that must have signed the proof")
      ->type_name("VKEY");
  command
      .add_option("--receipt", options.receipt,
                  "Your receipt: the proof must be of the ledger it names, and about the approval in it")
      ->type_name("FILE");
}

}  // namespace

void add_receipt(CLI::App& app, Invocation& invocation) {
  CLI::App* receipt = app.add_subcommand("receipt", "Receipts and confirmations of participants");
  receipt->require_subcommand(1);
  CLI::App* command = nullptr;
  auto options = add_command(*receipt, command, invocation, "verify",
                             "Check a receipt or a confirmation: what was approved or taken back, is it in the ledger",
                             verify_receipt_file);
  command
      ->add_option("FILE", options->file,
                   "Receipt (….unavoce-receipt.json), or confirmation of a withdrawal (….unavoce-confirmation.json)")
      ->required();
  add_fingerprint(*command, options->fingerprint);
  add_ledger_key(*command, options->ledger);
  command->footer(
      "Examples:\n"
      "  unavoce receipt verify 1f….unavoce-receipt.json\n"
      "  unavoce receipt verify --receipt 1f….unavoce-receipt.json 1f….unavoce-confirmation.json");
}

void add_withdraw(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "withdraw",
                             "Take an approval back, with the withdrawal in a participant's key file", withdraw);
  // Only people want to be told what goes on; --json has one object to say.
  command->callback([options, &invocation] {
    options->telling = invocation.json ? Telling::result_only : Telling::every_step;
    invocation.command = [options] { return withdraw(*options); };
  });
  command->add_option("KEYFILE", options->key_file, "Participant's key file (….unavoce-key.txt)");
  command
      ->add_option(
          "--statement", options->statement,
          "Instead of a key file: the bare signed withdrawal that --extract wrote, for instance somebody else's")
      ->type_name("FILE");
  command
      ->add_option(
          "--extract", options->extract,
          "Send nothing; write the bare withdrawal of this key file, without the key, so that somebody can send "
          "it for you")
      ->type_name("KEYFILE");
  command->add_option("--server", options->server, "Address of the service (default: the one in the key file)")
      ->type_name("URL");
  command->add_flag_callback(
      "--insecure-http", [options] { options->plain_http = PlainHttp::anywhere; }, "Allow http to other machines, too");
  add_ledger_key(*command, options->ledger);
  command->add_option("-o,--out,--output", options->output, "File for the confirmation, which must not be there yet")
      ->type_name("FILE");
  command->add_flag_callback(
      "-y,--yes", [options] { options->asking = Asking::not_at_all; }, "Do not ask on the terminal");
  command->add_flag_callback(
      "--no-wait", [options] { options->waiting = Waiting::not_at_all; },
      "Do not wait for the proof if the service cannot write its ledger now (exit code 5)");
  add_passphrase_fd(*command, options->passphrase);
  command->footer(
      "Examples:\n"
      "  unavoce withdraw --receipt 1f….unavoce-receipt.json -o 1f….unavoce-confirmation.json 1f….unavoce-key.txt\n"
      "  unavoce withdraw --extract 1f….unavoce-key.txt > withdrawal.json          to have it sent by somebody else\n"
      "  unavoce withdraw --server https://example.org --statement withdrawal.json\n"
      "Exit codes: 1 the service refused, or the proof is wrong, 2 usage, or the answer was not yes, 4 the service "
      "cannot\n"
      "be reached or the file cannot be written, 5 in effect, but not proven yet. Sending it again is always right.");
}

void add_ledger(CLI::App& app, Invocation& invocation) {
  CLI::App* ledger = app.add_subcommand("ledger", "Public ledgers of services");
  ledger->require_subcommand(1);
  CLI::App* command = nullptr;
  auto options = add_command(*ledger, command, invocation, "check",
                             "Check that a ledger only grew since a checkpoint was seen", check_ledger);
  command->add_option("URL", options->service, "Address of the service")->required();
  command->add_option("--seen", options->seen, "Checkpoint kept earlier, or a receipt (….unavoce-receipt.json)")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--ledger-key", options->ledger_key,
                   "Key of the ledger (default: the receipt's, or what the service says)")
      ->type_name("TEXT");
  command->add_option("--save", options->save, "Keep the present checkpoint here; may be the file of --seen")
      ->type_name("FILE");
  command
      ->add_option("--witness", options->witnesses,
                   "Witness that must have cosigned the present checkpoint; repeatable")
      ->type_name("VKEY");
  command->add_option("--wait", options->wait_seconds, "Seconds to wait until the public ledger has what was seen")
      ->capture_default_str()
      ->check(CLI::Range(0U, 7200U));
  command->footer(
      "Examples:\n"
      "  unavoce ledger check https://meet.example --seen mine.unavoce-receipt.json --save checkpoint\n"
      "  unavoce ledger check https://meet.example --seen checkpoint --save checkpoint\n"
      "Exit codes: 1 rolled back, forked, or not signed by its key or a witness; 4 the service cannot be reached.");
}

void add_witness(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "witness",
                             "Witness ledgers: cosign only what continues what was seen before", run_witness);
  command->callback([options, &invocation] {
    options->telling = invocation.json ? Telling::result_only : Telling::every_step;
    invocation.command = [options] { return run_witness(*options); };
  });
  command->add_option("--folder", options->folder, "Where its key and its memory are kept; made if need be")
      ->required()
      ->type_name("FOLDER");
  command->add_option("--name", options->name, "Name of the witness, for instance witness.example/unavoce")
      ->required()
      ->type_name("TEXT");
  command->add_option("--log", options->logs, "Key of a ledger to witness (GET /api/v1/config says it); repeatable")
      ->required()
      ->type_name("VKEY");
  command->add_option("--listen", options->listen, "IP address to listen on; put TLS in front for other machines")
      ->capture_default_str()
      ->type_name("ADDRESS");
  command->add_option("--port", options->port, "TCP port; 0: any free one")->capture_default_str();
  command->footer(
      "Examples:\n"
      "  unavoce witness --folder /var/lib/witness --name witness.example --log 'meet.example/unavoce/1f…+…+…'\n"
      "It prints its own vkey for the setting `witnesses` of unavoced, and runs until SIGINT or SIGTERM.\n"
      "Exit codes: 1 its key file is damaged or its memory gone; 2 usage; 4 it cannot listen, or the folder is in "
      "use.");
}

void add_fsck(CLI::App& app, Invocation& invocation) {
  CLI::App* command = nullptr;
  auto options = add_command(app, command, invocation, "fsck",
                             "Check the data folder of a service that is not running; needs no key", fsck);
  command->add_option("DATA", options->data_folder, "Data folder of unavoced")->required();
  command->add_flag_callback(
      "--repair", [options] { options->repairs = Repairs::where_nothing_is_lost; },
      "Remove temporary files and what is erased in the ledger, and finish a torn end; touches nothing else");
  command->footer(
      "Examples:\n"
      "  unavoce fsck /var/lib/unavoce\n"
      "  unavoce fsck --repair /var/lib/unavoce\n"
      "Exit codes: 0 everything fits, 1 faults are left, 2 no data folder, 4 the service is running, or a file cannot "
      "be\n"
      "read. Without --repair nothing is changed.");
}

}  // namespace unavoce::cli
