// `unavoce witness`: remembers the newest tree of ledgers, and cosigns only what continues it.
#include "consent/witness.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/ledger_key.hpp"
#include "cli/witness_listener.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKeyFileBytes = 1024;

/// `witness.key`: its name, and the seed in base64url. Made if there is none.
Result<crypto::SigningKey> key_in(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / "witness.key";
  if (!fs::exists(path)) {
    auto key = crypto::SigningKey::generate();
    std::string text = name + "\n" + crypto::to_base64url(key.seed().view()) + "\n";
    const auto written = write_new_file(path, crypto::as_bytes(text));
    crypto::wipe(text);
    if (!written) return written.error();
    return key;
  }
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(path.string(), kMaxKeyFileBytes));
  const std::string_view text = crypto::as_text(bytes.view());
  const auto line_end = text.find('\n');
  const auto damaged = [&](const std::string& why) {
    return Error(ExitCode::failed, path.string() + " is damaged: " + why);
  };
  if (line_end == std::string_view::npos || !text.ends_with('\n')) return damaged("it has no two lines");
  // Another witness needs another key (c2sp.org/tlog-cosignature).
  if (text.substr(0, line_end) != name)
    return Error(ExitCode::usage, path.string() + " is the key of the witness \"" +
                                      std::string(text.substr(0, line_end)) + "\", not of \"" + name + "\"");
  auto seed = crypto::from_base64url(text.substr(line_end + 1, text.size() - line_end - 2));
  if (!seed) return damaged(seed.error().text);
  auto key = crypto::SigningKey::from_seed(seed.value());
  crypto::wipe(seed.value());
  if (!key) return damaged(key.error().text);
  return std::move(key).value();
}

/// A witness that has forgotten what it saw would cosign a ledger that was rolled back.
Result<void> expect_memory(const fs::path& folder) {
  if (!fs::exists(folder / "witness.key") || fs::exists(folder / "witness.db")) return boost::outcome_v2::success();
  return Error(ExitCode::failed,
               "the key of this witness is here, but not what it has seen (witness.db): start another "
               "witness in an empty folder, and have services name that one");
}

Result<storage::DurableFile> take(const fs::path& folder) {
  auto& ops = storage::system_file_ops();
  BOOST_OUTCOME_TRY(storage::make_folder(ops, folder));
  const fs::path path = folder / "lock";
  if (!fs::exists(path)) {
    auto created = storage::DurableFile::create(ops, path);
    if (!created && created.error().code != storage::Errc::exists) return Error(ExitCode::io, created.error().text);
  }
  BOOST_OUTCOME_TRY(auto file, storage::DurableFile::open(ops, path, storage::Access::read_write));
  if (!file.lock()) return Error(ExitCode::io, "another witness is running on " + folder.string());
  return file;
}

}  // namespace

Result<Report> run_witness(const WitnessOptions& options) {
  BOOST_OUTCOME_TRY(const auto lock, take(options.folder));
  BOOST_OUTCOME_TRY(crypto::NoteVerifier::from_key(options.name, crypto::SigningKey::generate().public_key()));
  BOOST_OUTCOME_TRY(expect_memory(options.folder));
  BOOST_OUTCOME_TRY(auto database, storage::Database::open(fs::path(options.folder) / "witness.db"));
  BOOST_OUTCOME_TRY(auto key, key_in(options.folder, options.name));
  BOOST_OUTCOME_TRY(auto cosigner, crypto::Cosigner::create(options.name, std::move(key)));
  const std::string vkey = cosigner.verifier().vkey();
  std::vector<crypto::NoteVerifier> logs;
  for (const std::string& text : options.logs) {
    auto log = ledger_key_of(text);
    if (!log) return Error(ExitCode::usage, "--log: " + log.error().text);
    logs.push_back(std::move(log).value());
  }
  BOOST_OUTCOME_TRY(auto witness, consent::Witness::open(std::move(database), std::move(cosigner), std::move(logs)));
  const auto ready = [&](std::uint16_t port) {
    const bool v6 = options.listen.find(':') != std::string::npos;
    const std::string url = "http://" + (v6 ? "[" + options.listen + "]" : options.listen) + ":" + std::to_string(port);
    const nlohmann::ordered_json json = {{"ready", true}, {"url", url}, {"vkey", vkey}};
    if (options.telling == Telling::result_only)
      std::cout << json.dump() << std::endl;
    else
      std::cout << "Witness   " << vkey << "\nAddress   " << url << "\n\nIn unavoced's settings:\nwitnesses = [\""
                << url << " " << vkey << "\"]\n"
                << std::endl;
  };
  BOOST_OUTCOME_TRY(serve_witness(witness, {options.listen, options.port}, ready));
  return Report{"", ""};
}

}  // namespace unavoce::cli
