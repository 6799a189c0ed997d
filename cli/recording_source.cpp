#include "cli/recording_source.hpp"

#include <algorithm>
#include <cstdlib>

#include "cli/download.hpp"
#include "crypto/utf8.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t kMaxTokenBytes = 1024;

Result<crypto::SecretBytes> read_token(const RecordingOptions& options) {
  crypto::SecretBytes bytes;
  if (!options.token_file.empty()) {
    BOOST_OUTCOME_TRY(bytes, read_small_file(options.token_file, kMaxTokenBytes));
  } else if (const char* token = std::getenv("UNAVOCE_TOKEN"); token != nullptr) {
    bytes = crypto::SecretBytes::from(crypto::as_bytes(token));
  } else {
    return Error(ExitCode::usage, "an address needs a token: --token-file FILE, or UNAVOCE_TOKEN in the environment");
  }
  std::string_view text = crypto::as_text(bytes.view());
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (text.empty() || !std::ranges::all_of(text, visible)) {
    return Error(ExitCode::usage, "this is no token: it is empty or has spaces or control characters in it");
  }
  return crypto::SecretBytes::from(crypto::as_bytes(text));
}

}  // namespace

Result<RecordingSource> RecordingSource::open(const RecordingOptions& options) {
  if (!is_address(options.recording)) {
    BOOST_OUTCOME_TRY(auto bundle, consent::Bundle::open(options.recording));
    return RecordingSource(std::nullopt, std::move(bundle));
  }
  BOOST_OUTCOME_TRY(const auto address, bundle_address(options.recording));
  BOOST_OUTCOME_TRY(const auto token, read_token(options));
  BOOST_OUTCOME_TRY(auto file, nameless_file());
  BOOST_OUTCOME_TRY(download(address, token, file.get()));
  BOOST_OUTCOME_TRY(auto bundle, consent::Bundle::open("/proc/self/fd/" + std::to_string(file.get())));
  return RecordingSource(std::move(file), std::move(bundle));
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = crypto::take_code_point(text);
    if (!point) {
      text.remove_prefix(1);
      shown += '?';
      continue;
    }
    const bool control = *point < 0x20 || (*point >= 0x7f && *point < 0xa0);
    // Bidirectional controls (UAX #9) could make a line read as something else.
    const bool turns = (*point >= 0x200e && *point <= 0x200f) || (*point >= 0x2028 && *point <= 0x202e) ||
                       (*point >= 0x2066 && *point <= 0x2069) || *point == 0x061c;
    if (control || turns) {
      shown += '?';
    } else {
      shown += before.substr(0, before.size() - text.size());
    }
  }
  return shown;
}

}  // namespace unavoce::cli
