#include "cli/identities.hpp"

#include "cli/files.hpp"
#include "cli/passphrase.hpp"
#include "crypto/age.hpp"
#include "crypto/identity_file.hpp"

namespace unavoce::cli {

namespace {
constexpr std::size_t max_identity_file_bytes = 1024 * 1024;
}

Result<crypto::SecretBytes> read_identity_text(const std::string& path, const PassphraseOptions& passphrase) {
  BOOST_OUTCOME_TRY(auto bytes, read_small_file(path, max_identity_file_bytes));
  if (!crypto::as_text(bytes.view()).starts_with("age-encryption.org/")) return bytes;
  BOOST_OUTCOME_TRY(const auto phrase, read_passphrase(passphrase, "Passphrase of " + path, Typing::once));
  auto opened = crypto::open_with_passphrase(bytes.view(), phrase.view());
  if (!opened) return Error(Error(opened.error()).code, path + ": " + opened.error().text);
  return std::move(opened).value();
}

Result<std::vector<crypto::Identity>> read_identities(const std::vector<std::string>& paths,
                                                      const PassphraseOptions& passphrase) {
  std::vector<crypto::Identity> identities;
  for (const std::string& path : paths) {
    BOOST_OUTCOME_TRY(const auto text, read_identity_text(path, passphrase));
    auto parsed = crypto::parse_identities(crypto::as_text(text.view()));
    if (!parsed) return Error(Error(parsed.error()).code, path + ": " + parsed.error().text);
    for (auto& identity : parsed.value()) identities.push_back(std::move(identity));
  }
  return identities;
}

}  // namespace unavoce::cli
