#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/identities.hpp"
#include "cli/passphrase.hpp"
#include "cli/progress.hpp"
#include "crypto/age.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t block_bytes = 256 * 1024;
static_assert(block_bytes >= crypto::max_header_bytes, "the first block shows whether a passphrase is needed");

/// Nobody is asked for a passphrase that could not open the file.
Result<void> check_sealed_with_passphrase(crypto::ByteView start) {
  BOOST_OUTCOME_TRY(const auto parsed, crypto::parse_whole_header(start));
  if (parsed.header.stanzas.front().type == "scrypt") return boost::outcome_v2::success();
  return Error(ExitCode::usage, "this file is sealed to keys; give your identity file with -i");
}

Result<crypto::Opener> make_opener(const UnsealOptions& options, const std::vector<crypto::Identity>& identities,
                                   crypto::ByteView start, crypto::Sink sink) {
  if (!options.identity_files.empty()) return crypto::Opener::with(identities, std::move(sink));
  BOOST_OUTCOME_TRY(check_sealed_with_passphrase(start));
  BOOST_OUTCOME_TRY(const auto phrase, read_passphrase(options.passphrase, "Passphrase", Typing::once));
  return crypto::Opener::with_passphrase(phrase.view(), std::move(sink));
}

}  // namespace

Result<Report> unseal(const UnsealOptions& options) {
  BOOST_OUTCOME_TRY(const auto identities, read_identities(options.identity_files, options.passphrase));
  BOOST_OUTCOME_TRY(auto input, Input::open(options.input));
  crypto::Bytes block(block_bytes);
  BOOST_OUTCOME_TRY(auto size, input.read(block));

  std::optional<Output> output;  // opened with the first authentic bytes: a wrong key leaves no trace
  std::uint64_t opened_bytes = 0;
  const crypto::Sink sink = [&](crypto::ByteView bytes) -> crypto::Result<void> {
    if (!output) {
      auto opened = Output::open(options.output);
      if (!opened) return crypto::Error{crypto::Errc::io, opened.error().text};
      output.emplace(std::move(opened).value());
    }
    opened_bytes += bytes.size();
    auto written = output->write(bytes);
    if (!written) return crypto::Error{crypto::Errc::io, written.error().text};
    return boost::outcome_v2::success();
  };
  BOOST_OUTCOME_TRY(auto opener, make_opener(options, identities, crypto::ByteView(block).first(size), sink));

  Progress progress("opening", input.size());
  for (;;) {
    BOOST_OUTCOME_TRY(opener.write(crypto::ByteView(block).first(size)));
    progress.add(size);
    if (size < block_bytes) break;
    BOOST_OUTCOME_TRY(size, input.read(block));
  }
  BOOST_OUTCOME_TRY(opener.finish());  // gives at least one chunk, empty for an empty file: there is an output now
  BOOST_OUTCOME_TRY(output->commit());

  const bool to_standard_output = output->is_standard_output();
  const nlohmann::ordered_json json = {
      {"output", to_standard_output ? nlohmann::ordered_json() : nlohmann::ordered_json(options.output)},
      {"opened_bytes", opened_bytes}};
  return Report{"", json.dump(), to_standard_output ? Channel::standard_error : Channel::standard_output};
}

}  // namespace unavoce::cli
