#include "server/service_keys.hpp"

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::server {
namespace {

namespace fs = std::filesystem;

/// A key file has two lines: what it is (and, for the ledger, its origin), and the base64url of the 32-byte seed.
struct KeyFile {
  std::string title;
  crypto::SigningKey key;
  bool is_new = false;
};

Result<KeyFile> read_key(const fs::path& path, const storage::DurableFile& file) {
  std::array<std::uint8_t, 1024> bytes{};
  BOOST_OUTCOME_TRY(auto size, file.read_at(0, bytes));
  const std::string_view text = crypto::as_text(crypto::ByteView(bytes).first(size));
  const auto line_end = text.find('\n');
  const Error damaged(Errc::io,
                      path.string() + " is damaged: restore it from a backup (a new key would start a new ledger)");
  if (line_end == std::string_view::npos || !text.ends_with('\n')) return damaged;
  auto seed = crypto::from_base64url(text.substr(line_end + 1, text.size() - line_end - 2));
  std::string title(text.substr(0, line_end));
  crypto::wipe(bytes);
  if (!seed) return damaged;
  auto key = crypto::SigningKey::from_seed(seed.value());
  crypto::wipe(seed.value());
  if (!key) return damaged;
  return KeyFile{std::move(title), std::move(key).value(), false};
}

Result<KeyFile> read_or_make_key(storage::FileOps& ops, const fs::path& path, const std::string& prefix,
                                 const std::string& suffix_if_new) {
  auto opened = storage::DurableFile::open(ops, path, storage::Access::read);
  const bool is_new = !opened && opened.error().code == storage::Errc::not_found;
  // Only a file that is certainly not there is made: one that cannot be read now (rights, a failing disk, a symbolic
  // link) must never be replaced by a fresh key.
  if (is_new) {
    const crypto::SigningKey key = crypto::SigningKey::generate();
    std::string text = prefix + suffix_if_new + "\n" + crypto::to_base64url(key.seed().view()) + "\n";
    const auto written = storage::replace_file(ops, path, crypto::as_bytes(text));
    crypto::wipe(text);
    BOOST_OUTCOME_TRY(written);
    opened = storage::DurableFile::open(ops, path, storage::Access::read);
  }
  if (!opened) {
    return Error(code_of_os_error(opened.error().os_error),
                 "a key of the service cannot be read: " + opened.error().text);
  }
  BOOST_OUTCOME_TRY(auto file, read_key(path, opened.value()));
  if (!file.title.starts_with(prefix)) return Error(Errc::io, path.string() + " is another kind of file than expected");
  file.title.erase(0, prefix.size());
  file.is_new = is_new;
  return file;
}

}  // namespace

Result<ServiceKeys> ServiceKeys::open(const fs::path& data_folder, const std::string& ledger_name,
                                      storage::FileOps& ops) {
  BOOST_OUTCOME_TRY(auto service, read_or_make_key(ops, data_folder / "service.key", "# unavoce service key v1", ""));
  BOOST_OUTCOME_TRY(
      auto ledger, read_or_make_key(ops, data_folder / "ledger.key", "# unavoce ledger key v1, origin: ", ledger_name));
  BOOST_OUTCOME_TRY(auto signer, crypto::NoteSigner::create(ledger.title, std::move(ledger.key)));
  return ServiceKeys{std::move(service.key), std::move(signer), ledger.is_new};
}

}  // namespace unavoce::server
