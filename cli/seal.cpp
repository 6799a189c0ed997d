#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/passphrase.hpp"
#include "cli/progress.hpp"
#include "crypto/age.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t block_bytes = 256 * 1024;  // small enough for the processor's cache
constexpr std::size_t max_recipient_file_bytes = 1024 * 1024;

/// A recipient from the command line or a file; `where` says which for the error text.
Result<crypto::Recipient> parse_recipient(std::string_view text, const std::string& where) {
  auto recipient = crypto::Recipient::parse(text);
  if (!recipient) return Error(ExitCode::usage, where + ": " + recipient.error().text);
  return std::move(recipient).value();
}

/// One recipient per line; "#" comments and empty lines are skipped, as age does.
Result<void> read_recipient_file(const std::string& path, std::vector<crypto::Recipient>& recipients) {
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(path, max_recipient_file_bytes));
  std::string_view text = crypto::as_text(bytes.view());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    BOOST_OUTCOME_TRY(auto recipient, parse_recipient(line, path + ", line " + std::to_string(number)));
    recipients.push_back(recipient);
  }
  return boost::outcome_v2::success();
}

Result<std::vector<crypto::Recipient>> read_recipients(const SealOptions& options) {
  std::vector<crypto::Recipient> recipients;
  for (const std::string& text : options.recipients) {
    BOOST_OUTCOME_TRY(auto recipient, parse_recipient(text, "recipient \"" + text + "\""));
    recipients.push_back(recipient);
  }
  for (const std::string& path : options.recipient_files) {
    BOOST_OUTCOME_TRY(read_recipient_file(path, recipients));
  }
  if (recipients.empty() && !options.with_passphrase) {
    return Error(ExitCode::usage,
                 "to whom? Give a recipient with -r age1…, a file of them with -R, or -p for a passphrase");
  }
  if (!recipients.empty() && options.with_passphrase) {
    return Error(ExitCode::usage, "a file is sealed either to recipients (-r, -R) or with a passphrase (-p), not both");
  }
  return recipients;
}

Result<crypto::Sealer> make_sealer(const SealOptions& options, const std::vector<crypto::Recipient>& recipients,
                                   crypto::Sink sink) {
  if (!options.with_passphrase) {
    BOOST_OUTCOME_TRY(auto sealer, crypto::Sealer::to(recipients, std::move(sink)));
    return sealer;
  }
  BOOST_OUTCOME_TRY(const auto phrase, read_passphrase(options.passphrase, "New passphrase", Typing::twice));
  BOOST_OUTCOME_TRY(auto sealer, crypto::Sealer::with_passphrase(phrase.view(), std::move(sink)));
  return sealer;
}

}  // namespace

Result<Report> seal(const SealOptions& options) {
  BOOST_OUTCOME_TRY(const auto recipients, read_recipients(options));
  if (options.output.empty() && isatty(STDOUT_FILENO) == 1) {
    return Error(ExitCode::usage, "a sealed file is no text for a terminal; give a file with -o, or -o - to insist");
  }
  BOOST_OUTCOME_TRY(auto input, Input::open(options.input));
  BOOST_OUTCOME_TRY(auto output, Output::open(options.output));
  std::uint64_t sealed_bytes = 0;
  const crypto::Sink sink = [&](crypto::ByteView bytes) -> crypto::Result<void> {
    sealed_bytes += bytes.size();
    auto written = output.write(bytes);
    if (!written) return crypto::Error{crypto::Errc::io, written.error().text};
    return boost::outcome_v2::success();
  };
  BOOST_OUTCOME_TRY(auto sealer, make_sealer(options, recipients, sink));

  Progress progress("sealing", input.size());
  crypto::SecretBytes block(block_bytes);
  for (;;) {
    BOOST_OUTCOME_TRY(const auto size, input.read(block.writable()));
    BOOST_OUTCOME_TRY(sealer.write(block.view().first(size)));
    progress.add(size);
    if (size < block_bytes) break;
  }
  BOOST_OUTCOME_TRY(sealer.finish());
  BOOST_OUTCOME_TRY(output.commit());

  const nlohmann::ordered_json json = {
      {"output", output.is_standard_output() ? nlohmann::ordered_json() : nlohmann::ordered_json(options.output)},
      {"recipients", recipients.size()},
      {"passphrase", options.with_passphrase},
      {"sealed_bytes", sealed_bytes}};
  return Report{"", json.dump(), output.is_standard_output() ? Channel::standard_error : Channel::standard_output};
}

}  // namespace unavoce::cli
