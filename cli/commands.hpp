// One function per command of `unavoce`: parsed options in, a report out. command_line.cpp parses and prints.
//
// Owner: options are values that live as long as the call. Thread: main; commands block. Errors: cli::Error, whose code
// becomes the exit code. No command prints its result itself; only data, progress and passphrase prompts pass by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/error.hpp"
#include "cli/ledger_key.hpp"
#include "cli/service.hpp"

namespace unavoce::cli {

/// Where a report is printed. Data on standard output must stay the only thing there.
enum class Channel { standard_output, standard_error };

/// What a command has to say when it is done.
struct Report {
  std::string text;  ///< for people; may be empty
  std::string json;  ///< for --json: one object
  Channel channel = Channel::standard_output;
  ExitCode exit_code = ExitCode::ok;  ///< `failed` for a check that ran to its end and found faults
};

/// Where a passphrase comes from; never from the command line itself, which every user of the machine can read.
struct PassphraseOptions {
  std::optional<int> fd;  ///< --passphrase-fd or UNAVOCE_PASSPHRASE_FD; otherwise the terminal asks
};

struct KeygenOptions {
  std::string output;  ///< empty: standard output
  std::string room;    ///< empty: a plain identity; "new": a room key with a new room id; else the room id
  bool wrap_with_passphrase = false;
  PassphraseOptions passphrase;
};
/// Makes an age identity or a room key (docs/FORMATS.md section 3) in a new file of mode 0600.
Result<Report> keygen(const KeygenOptions& options);

struct InspectOptions {
  std::string file;
};
/// Says what an age file, track file, tail or identity file is, without any key and without showing one.
Result<Report> inspect(const InspectOptions& options);

struct SealOptions {
  std::vector<std::string> recipients;
  std::vector<std::string> recipient_files;
  bool with_passphrase = false;
  PassphraseOptions passphrase;
  std::string output;  ///< empty: standard output, unless it is a terminal; "-": standard output
  std::string input;   ///< empty or "-": standard input
};
/// Seals any file as an age file.
Result<Report> seal(const SealOptions& options);

struct UnsealOptions {
  std::vector<std::string> identity_files;  ///< none: the file is sealed with a passphrase
  PassphraseOptions passphrase;
  std::string output;
  std::string input;
};
/// Opens an age file. Nothing unauthenticated is ever written, and a file appears only when all of it is authentic.
Result<Report> unseal(const UnsealOptions& options);

/// Where a recording is: a folder, a tar, or the https address of a recording on a server.
struct RecordingOptions {
  std::string recording;
  std::string token_file;  ///< for an address; otherwise the environment's UNAVOCE_TOKEN
};

struct VerifyOptions {
  RecordingOptions source;
  std::string key;          ///< room key; empty: without opening anything
  std::string fingerprint;  ///< of the room's signing key, from the invitation link; empty: not compared
  PassphraseOptions passphrase;
};
/// Checks a recording offline, rule by rule; one line per participant.
Result<Report> verify(const VerifyOptions& options);

enum class Trust { verified_only, whatever_opens };
/// What becomes of a file that is there already under the name of a track.
enum class Existing { kept, overwritten };

struct OpenOptions {
  RecordingOptions source;
  std::string key;  ///< room key, or a participant's key file, which opens their own part
  std::string output_folder = ".";
  Trust trust = Trust::verified_only;
  Existing existing = Existing::kept;
  PassphraseOptions passphrase;
};
/// Verifies a recording and writes its tracks as playable files. Each appears only when all of it was authentic.
/// Errors: io (a file of that name is there: nothing is opened), unless it may be overwritten.
Result<Report> open_recording(const OpenOptions& options);

struct ReceiptVerifyOptions {
  std::string file;
  std::string fingerprint;
  LedgerKeyOptions ledger;  ///< the receipt only for a confirmation
};
/// Checks a participant's receipt, or the confirmation of a withdrawal.
Result<Report> verify_receipt_file(const ReceiptVerifyOptions& options);

enum class Asking { on_terminal, not_at_all };
/// Whether to stay until a service that cannot write its ledger now can do so again.
enum class Waiting { until_acknowledged, not_at_all };
/// What is told on standard error before the result.
enum class Telling { every_step, result_only };

struct WithdrawOptions {
  std::string key_file;
  std::string statement;  ///< instead: a bare signed withdrawal
  std::string extract;    ///< instead: a key file whose withdrawal is written, and not sent
  std::string server;     ///< empty: the one that the key file names
  PlainHttp plain_http = PlainHttp::this_machine_only;
  LedgerKeyOptions ledger;
  std::string output;  ///< of the confirmation; empty: none is written
  Asking asking = Asking::on_terminal;
  Waiting waiting = Waiting::until_acknowledged;
  Telling telling = Telling::every_step;
  PassphraseOptions passphrase;
};
/// Sends a withdrawal until it is acknowledged, checks the proof in the answer, and writes the confirmation.
/// Errors: failed (refused, or the proof is wrong), usage, io, pending (in effect, not proven yet).
Result<Report> withdraw(const WithdrawOptions& options);

struct LedgerCheckOptions {
  std::string service;                 ///< https address
  std::string seen;                    ///< a checkpoint kept earlier, or a receipt
  std::string ledger_key;              ///< empty: the receipt's, else what the service says
  std::string save;                    ///< where the present checkpoint is kept; empty: nowhere
  std::vector<std::string> witnesses;  ///< vkeys: the present checkpoint must carry a cosignature of each
  unsigned wait_seconds = 120;
};
/// Whether a service's public ledger only grew since a checkpoint was seen. Errors: failed (rolled back, forked, not
/// cosigned).
Result<Report> check_ledger(const LedgerCheckOptions& options);

struct WitnessOptions {
  std::string folder;  ///< key and memory of the witness; made if it is not there
  std::string name;
  std::vector<std::string> logs;  ///< vkeys of the ledgers to witness
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8090;
  Telling telling = Telling::every_step;
};
/// Runs a witness (c2sp.org/tlog-witness) until SIGINT or SIGTERM. Errors: usage, io, failed (its key file is damaged).
Result<Report> run_witness(const WitnessOptions& options);

}  // namespace unavoce::cli
