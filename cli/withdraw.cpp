#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/identities.hpp"
#include "cli/recording_source.hpp"
#include "cli/service.hpp"
#include "consent/bundle_text.hpp"
#include "consent/withdrawal_confirmation.hpp"
#include "crypto/dsse.hpp"

namespace unavoce::cli {

namespace {

using consent::Signed;
using consent::Withdrawal;
using std::chrono::seconds;

constexpr const char* kStatements = "/api/v1/statements";
constexpr seconds kPause{5};
constexpr seconds kLongestPause{60};

/// What is to be sent, and the service that the key file names (empty for a bare statement).
struct Order {
  Signed<Withdrawal> withdrawal;
  std::string server;
};

Result<Order> from_key_file(const WithdrawOptions& options) {
  BOOST_OUTCOME_TRY(const auto secret, read_identity_text(options.key_file, options.passphrase));
  const std::string_view text = crypto::as_text(secret.view());
  if (text.starts_with("{")) {
    return Error(ExitCode::usage, options.key_file +
                                      " is no key file. A receipt cannot take anything back; a withdrawal that "
                                      "--extract wrote is sent with --statement");
  }
  if (text.starts_with("# unavoce room key"))
    return Error(ExitCode::usage, options.key_file + " is a room key; only a participant's key file can take back");
  BOOST_OUTCOME_TRY(auto key_file, consent::parse_key_file(text));
  return Order{std::move(key_file.withdrawal), std::move(key_file.server)};
}

Result<Order> from_statement(const WithdrawOptions& options) {
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(options.statement, crypto::max_envelope_bytes));
  std::string_view text = crypto::as_text(bytes.view());
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);  // what mail programs add
  if (text.starts_with("# unavoce key file"))
    return Error(ExitCode::usage, options.statement + " is a whole key file: name it without --statement");
  auto withdrawal = consent::parse_statement<Withdrawal>(text);
  if (!withdrawal)
    return Error(ExitCode::failed, options.statement + " is no signed withdrawal: " + withdrawal.error().text);
  return Order{std::move(withdrawal).value(), {}};
}

Result<Order> read_order(const WithdrawOptions& options) {
  const int sources = !options.key_file.empty() + !options.statement.empty() + !options.extract.empty();
  if (sources != 1) return Error(ExitCode::usage, "name one thing: KEYFILE, --statement FILE or --extract KEYFILE");
  BOOST_OUTCOME_TRY(auto order, options.statement.empty() ? from_key_file(options) : from_statement(options));
  if (!options.server.empty()) order.server = options.server;
  if (order.server.empty())
    return Error(ExitCode::usage, "a statement does not say where it belongs: name the service with --server URL");
  return order;
}

std::string listed(consent::Scope kinds) {
  std::string text;
  for (const auto& name : kinds.names()) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

bool is_of_everything(const Withdrawal& withdrawal) {
  return withdrawal.kinds == consent::Scope::all();
}

/// What a withdrawal of everything erases. Only the receipt says which of two a room chose; without one, both are told.
std::string erased_with(const std::optional<consent::ReceiptContent>& receipt) {
  constexpr const char* own = "erases their track files and their wrapped key.\n";
  constexpr const char* all =
      "erases their wrapped key\nand everything that was recorded while they were there, of everybody.\n";
  if (receipt && receipt->room.body.withdrawal_erases == consent::WithdrawalErases::whole_takes) return all;
  if (receipt) return own;
  return own + std::string("If the room's question said so, everybody's files of the same takes go with them.\n");
}

std::string plan(const Order& order, const Service& service, const std::optional<consent::ReceiptContent>& receipt) {
  const Withdrawal& body = order.withdrawal.body;
  std::string text = "Recording    " + body.recording.hex() + "\nService      " + printable(service.base_url()) +
                     "\nTakes back   " + listed(body.kinds) + "\n\n";
  if (is_of_everything(body)) {
    return text +
           "Every approval of this key in this recording is taken back, for good: the key cannot approve there again.\n"
           "The service stops recording this person at once and " +
           erased_with(receipt) +
           "What it cannot reach: copies a host has opened already, and a voice or face in other people's tracks.\n";
  }
  return text +
         "These kinds are taken back of what this key has approved so far, from now on. Where nothing is left of an\n"
         "approval its track files and wrapped key are erased.\n";
}

Result<void> ask_on_terminal(const std::string& text) {
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0)
    return Error(ExitCode::usage, "nobody can be asked, so nothing was sent; say --yes if you mean it");
  const std::string question = text + "\nType yes to take it back: ";
  static_cast<void>(!::write(terminal.get(), question.data(), question.size()));
  std::string line;
  for (char c = 0; line.size() < 16;) {
    const ssize_t got = ::read(terminal.get(), &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    line += c;
  }
  if (line == "yes") return boost::outcome_v2::success();
  return Error(ExitCode::usage, "that was not \"yes\"; nothing was sent");
}

/// Before anything is sent: a proof that finds no place would be a pity, though asking again gets another one.
Result<void> expect_no_file(const std::string& path) {
  std::error_code error;
  if (path.empty() || path == "-" || !std::filesystem::exists(path, error)) return boost::outcome_v2::success();
  return Error(ExitCode::io, path + " is there already; nothing was sent. Choose another name");
}

/// The service's last answer: an acknowledgement, or that it knows nothing of this recording any more.
struct Sent {
  Answer answer;
  bool is_acknowledged = true;
};

/// Sends it until the service has it in its ledger.
class Sender {
 public:
  Sender(const Service& service, const Order& order, const WithdrawOptions& options)
      : service_(service),
        body_(nlohmann::json{{"envelope", order.withdrawal.envelope}, {"wrapped", nullptr}}.dump()),
        options_(options) {}

  Result<Sent> send() {
    for (;;) {
      auto answer = service_.post(kStatements, body_);
      if (!answer && !in_effect_) return Error(answer.error().code, answer.error().text + ". Nothing is withdrawn yet");
      if (answer && answer.value().status == 201) return Sent{std::move(answer).value()};
      if (answer && (answer.value().status == 404 || answer.value().status == 410))
        return Sent{std::move(answer).value(), false};
      const seconds pause = answer ? answer.value().retry_after.value_or(kPause) : kPause;
      if (answer) {
        BOOST_OUTCOME_TRY(look_at(answer.value()));
      }
      std::this_thread::sleep_for(std::min(pause, kLongestPause));
    }
  }

 private:
  /// An answer that is no acknowledgement: is it worth waiting?
  Result<void> look_at(const Answer& answer) {
    const bool follows = answer.problem_word() == "proof_follows";
    const bool passes = answer.status == 503 || answer.status == 429 || answer.status == 408;
    if (!follows && !passes) return refused("the service does not take the withdrawal", answer);
    if (follows && !std::exchange(in_effect_, true)) {
      tell(
          "The withdrawal is in effect: nothing more is recorded, and what was is given out no more. It is erased, and "
          "the proof follows, as soon as the service's disk lets it write.");
    }
    if (options_.waiting == Waiting::until_acknowledged) {
      if (!in_effect_) tell("The service is busy; trying again.");
      return boost::outcome_v2::success();
    }
    if (!in_effect_) return refused("the service does not take the withdrawal now; nothing is withdrawn yet", answer);
    return Error(ExitCode::pending,
                 "the withdrawal is in effect, its proof follows. Run this again later: until it is in the ledger, a "
                 "restart of the service would forget it");
  }

  void tell(std::string_view text) const {
    if (options_.telling == Telling::every_step) std::cerr << text << '\n';
  }

  const Service& service_;
  std::string body_;
  const WithdrawOptions& options_;
  bool in_effect_ = false;
};

std::string erased_lines(const std::vector<std::string>& names) {
  if (names.empty()) return "The service names nothing that it had to erase.\n";
  std::string text = "Erased, as the service signed and has in its ledger:\n";
  for (const auto& name : names) text += "  " + printable(name) + "\n";
  return text;
}

Report report_on(const consent::WithdrawalConfirmationContent& content, const Service& service,
                 const KnownLedger& known, const WithdrawOptions& options) {
  const Withdrawal& body = content.withdrawal.body;
  const auto erased = consent::erased_names(content);
  const nlohmann::ordered_json json = {
      {"acknowledged", true},
      {"recording", body.recording.hex()},
      {"withdrawal", content.withdrawal.id.hex()},
      {"kinds", body.kinds.names()},
      {"server", service.base_url()},
      {"received_ms", content.entry.received.value},
      {"ledger", content.checkpoint.origin},
      {"ledger_key_given", known.key.has_value()},
      {"index", content.index},
      {"checkpoint_size", content.checkpoint.size},
      {"erased", erased},
      {"confirmation", options.output.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(options.output)}};
  std::string text = "Withdrawn: " + listed(body.kinds) + " of recording " + body.recording.hex() +
                     "\nProof checked: " + "entry " + std::to_string(content.index) + " of ledger " +
                     printable(content.checkpoint.origin) + " (" + std::to_string(content.checkpoint.size) +
                     " entries)\n" + erased_lines(erased);
  if (!known.key)
    text += "The ledger's key is the one the service names; --receipt FILE compares it with your receipt.\n";
  text += options.output.empty()
              ? std::string("To keep the proof, run this again with -o FILE; that changes nothing.\n")
              : "Confirmation: " + printable(options.output) + "\n";
  return {text, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
          options.output == "-" ? Channel::standard_error : Channel::standard_output};
}

std::string_view words_of(consent::ErasedReason reason) {
  switch (reason) {
    case consent::ErasedReason::retention:
      return "its retention is over";
    case consent::ErasedReason::room_deleted:
      return "its room was deleted";
    case consent::ErasedReason::recording_deleted:
      return "its host had it deleted";
    case consent::ErasedReason::withdrawal:
      break;
  }
  return "of a withdrawal";
}

/// The service refused because nothing is left to take back: that is believed with its proof only.
Result<Report> erased_as_a_whole(const Answer& refusal, const Order& order, const Service& service,
                                 const KnownLedger& known) {
  const Withdrawal& body = order.withdrawal.body;
  const Error not_taken = refused("the service does not take the withdrawal", refusal);
  const auto found = service.get("/api/v1/recordings/" + body.recording.hex() + "/erasure");
  if (!found || found.value().status != 200) return not_taken;
  std::optional<crypto::NoteVerifier> ledger = known.key;
  if (!ledger) {
    BOOST_OUTCOME_TRY(auto key, ledger_key_of_service(service));
    ledger.emplace(std::move(key));
  }
  auto proven = consent::verify_whole_erasure(found.value().body, body.recording, *ledger);
  if (!proven) return Error(ExitCode::failed, not_taken.text + "; its proof is wrong: " + proven.error().text);
  const consent::WholeErasure& whole = proven.value();
  if (known.receipt && whole.erased.body.key != known.receipt->room.body.service_key)
    return Error(ExitCode::failed, not_taken.text + "; another service than the receipt's signed that");
  const nlohmann::ordered_json json = {{"acknowledged", false},
                                       {"recording", body.recording.hex()},
                                       {"withdrawal", order.withdrawal.id.hex()},
                                       {"kinds", body.kinds.names()},
                                       {"server", service.base_url()},
                                       {"erased_as_a_whole", consent::name_of(whole.erased.body.reason)},
                                       {"received_ms", whole.entry.received.value},
                                       {"ledger", whole.checkpoint.origin},
                                       {"ledger_key_given", known.key.has_value()},
                                       {"index", whole.index},
                                       {"checkpoint_size", whole.checkpoint.size}};
  std::string text = "Nothing is left to take back: the whole recording " + body.recording.hex() + " was erased at " +
                     consent::utc(whole.entry.received) + ", because " +
                     std::string(words_of(whole.erased.body.reason)) + ".\nProof checked: entry " +
                     std::to_string(whole.index) + " of ledger " + printable(whole.checkpoint.origin) + " (" +
                     std::to_string(whole.checkpoint.size) + " entries)\n";
  if (!known.key)
    text += "The ledger's key is the one the service names; --receipt FILE compares it with your receipt.\n";
  return Report{text, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

/// `it is withdrawn, but` … the rest failed. Nobody must believe that they have to be afraid for their withdrawal.
Error although_withdrawn(const Error& error) {
  return {error.code, "the service has acknowledged the withdrawal, but its proof could not be checked: " + error.text +
                          ". Sending it again changes nothing and gives a fresh proof"};
}

Result<Report> confirm(const std::string& answer, const Order& order, const Service& service, const KnownLedger& known,
                       const WithdrawOptions& options) {
  BOOST_OUTCOME_TRY(auto confirmation, consent::withdrawal_confirmation_from_answer(answer, order.withdrawal.envelope));
  if (!known.key) {
    BOOST_OUTCOME_TRY(const auto key, ledger_key_of_service(service));
    confirmation.ledger_vkey = key.vkey();
  } else {
    confirmation.ledger_vkey = known.key->vkey();
  }
  BOOST_OUTCOME_TRY(const auto ledger, ledger_key_of(confirmation.ledger_vkey));
  BOOST_OUTCOME_TRY(const auto content, consent::verify_withdrawal_confirmation(confirmation, ledger));
  if (known.receipt) {
    BOOST_OUTCOME_TRY(consent::check_erased_by_service(content, *known.receipt));
  }
  if (!options.output.empty()) {
    const std::string text = consent::format_withdrawal_confirmation(confirmation);
    BOOST_OUTCOME_TRY(auto output, Output::open(options.output));
    BOOST_OUTCOME_TRY(output.write(crypto::as_bytes(text)));
    BOOST_OUTCOME_TRY(output.commit());
  }
  return report_on(content, service, known, options);
}

/// The bare withdrawal: harmless to hand out, it can do nothing but take back.
Result<Report> extract(const WithdrawOptions& options) {
  WithdrawOptions from = options;
  from.key_file = options.extract;
  BOOST_OUTCOME_TRY(const auto order, from_key_file(from));
  BOOST_OUTCOME_TRY(auto output, Output::open(options.output));
  BOOST_OUTCOME_TRY(output.write(crypto::as_bytes(order.withdrawal.envelope + "\n")));
  BOOST_OUTCOME_TRY(output.commit());
  const nlohmann::ordered_json json = {{"recording", order.withdrawal.body.recording.hex()},
                                       {"withdrawal", order.withdrawal.id.hex()},
                                       {"kinds", order.withdrawal.body.kinds.names()},
                                       {"server", order.server}};
  return Report{"Nothing was sent. Whoever gets this can take your approval back at " + printable(order.server) +
                    ", and do nothing else with it.\n",
                json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace), Channel::standard_error};
}

}  // namespace

Result<Report> withdraw(const WithdrawOptions& options) {
  if (!options.extract.empty() && options.key_file.empty() && options.statement.empty()) return extract(options);
  BOOST_OUTCOME_TRY(const auto order, read_order(options));
  BOOST_OUTCOME_TRY(const auto service, Service::at(order.server, options.plain_http));
  BOOST_OUTCOME_TRY(const auto known, known_ledger(options.ledger));
  if (known.receipt) {
    BOOST_OUTCOME_TRY(consent::check_concerns(order.withdrawal.body, *known.receipt));
  }
  BOOST_OUTCOME_TRY(expect_no_file(options.output));
  if (options.asking == Asking::on_terminal) {
    BOOST_OUTCOME_TRY(ask_on_terminal(plan(order, service, known.receipt)));
  } else if (options.telling == Telling::every_step) {
    std::cerr << plan(order, service, known.receipt) << '\n';
  }
  BOOST_OUTCOME_TRY(const auto sent, Sender(service, order, options).send());
  if (!sent.is_acknowledged) return erased_as_a_whole(sent.answer, order, service, known);
  auto confirmed = confirm(sent.answer.body, order, service, known, options);
  if (!confirmed) return although_withdrawn(confirmed.error());
  return confirmed;
}

}  // namespace unavoce::cli
