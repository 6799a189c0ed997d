#include "cli/fsck.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/files.hpp"
#include "cli/recording_source.hpp"

namespace unavoce::cli {

namespace {

namespace fs = std::filesystem;
using consent::DamageKind;

/// All there is to say about a data folder.
struct Findings {
  std::vector<FileFault> faults;
  std::vector<std::string> notes;
  consent::LedgerInspection ledger;
  BlobInspection files;
};

Error in_use(const fs::path& folder) {
  return {ExitCode::io, folder.string() +
                            " is in use: unavoced is running there, and would write while we read. Stop it first "
                            "(systemctl stop unavoced); nothing was checked"};
}

void add(Findings& findings, DamageKind kind, std::string subject, std::string text) {
  findings.faults.emplace_back(kind, std::move(subject), std::move(text), Repair());
}

/// The name of the ledger, from the first line of its key file. The key itself is not looked at.
std::optional<std::string> ledger_origin(const fs::path& folder) {
  constexpr std::string_view prefix = "# unavoce ledger key v1, origin: ";
  const auto bytes = read_small_file((folder / "ledger.key").string(), 4096);
  if (!bytes) return std::nullopt;
  std::string_view line = crypto::as_text(bytes.value().view());
  line = line.substr(0, line.find('\n'));
  if (!line.starts_with(prefix)) return std::nullopt;
  return std::string(line.substr(prefix.size()));
}

void check_key_files(const fs::path& folder, Findings& findings) {
  for (const auto& [name, first_line] : {std::pair("service.key", "# unavoce service key v1\n"),
                                         std::pair("ledger.key", "# unavoce ledger key v1, origin: ")}) {
    const auto bytes = read_small_file((folder / name).string(), 4096);
    if (!bytes) {
      add(findings, DamageKind::missing, name,
          "it cannot be read (" + bytes.error().text + "). Restore it: a new key would start a new ledger");
    } else if (!crypto::as_text(bytes.value().view()).starts_with(first_line)) {
      add(findings, DamageKind::changed, name, "it is another kind of file. Restore it from a backup");
    }
    const fs::path temporary = folder / (std::string(name) + std::string(storage::temporary_suffix));
    std::error_code ignored;
    if (!bytes || !fs::is_regular_file(fs::symlink_status(temporary, ignored))) continue;
    const Repair remove = [temporary]() -> storage::Result<void> {
      BOOST_OUTCOME_TRY(storage::remove_name(storage::system_file_ops(), temporary));
      return storage::sync_folder(storage::system_file_ops(), temporary.parent_path());
    };
    findings.faults.emplace_back(DamageKind::leftover, temporary.filename().string(),
                                 "a temporary file that a crash left; the file itself is there", remove);
  }
}

/// Does every recording of the ledger belong to somebody? One that is listed and unknown to the ledger is none: a crash
/// came between the two, and the service takes it off the list.
void check_list(storage::Database& accounts, Findings& findings) {
  std::set<std::string> listed;
  if (accounts.handle().tableExists("recordings")) {
    SQLite::Statement query(accounts.handle(), "SELECT recording FROM recordings");
    while (query.executeStep()) listed.insert(query.getColumn(0).getString());
  }
  for (const auto& [recording, files] : findings.ledger.recordings) {
    if (listed.contains(recording)) continue;
    add(findings, DamageKind::missing, "recording " + recording,
        "unavoce.db does not say in whose room it is: no host can fetch or erase it until its retention ends. Put back "
        "the unavoce.db that knows it");
  }
}

/// After the ledger, whose recordings it looks for.
void check_accounts(const fs::path& folder, Findings& findings) {
  auto database = storage::Database::open_read_only(folder / "unavoce.db");
  if (!database) {
    const bool gone = database.error().code == storage::Errc::not_found;
    add(findings, gone ? DamageKind::missing : DamageKind::changed, "unavoce.db",
        database.error().text +
            ". It holds the accounts, and in whose room each recording is: restore the newest one from a backup");
  } else if (const auto sound = database.value().check_integrity(); !sound) {
    add(findings, DamageKind::changed, "unavoce.db", sound.error().text + ". Restore the newest one from a backup");
  } else {
    check_list(database.value(), findings);
  }
}

/// The lock of everything else; nothing if there is no file of slots that could be read.
Result<std::optional<storage::ErasureSlots>> lock_slots(const fs::path& folder, Findings& findings) {
  auto slots = storage::ErasureSlots::open_read_only(folder / "slots");
  if (slots) return std::optional(std::move(slots).value());
  if (slots.error().code == storage::Errc::locked) return in_use(folder);
  const bool gone = slots.error().code == storage::Errc::not_found;
  add(findings, gone ? DamageKind::missing : DamageKind::changed, "slots",
      slots.error().text + ". Without it nobody can open what has not been opened yet: put the right one back");
  return std::optional<storage::ErasureSlots>();
}

Result<std::optional<storage::BlobStore>> lock_blobs(const fs::path& folder, Findings& findings) {
  std::error_code ignored;
  if (!fs::is_directory(folder / "blobs", ignored)) {
    add(findings, DamageKind::missing, "blobs", "the folder of the track files is gone. Restore it from a backup");
    return std::optional<storage::BlobStore>();
  }
  auto blobs = storage::BlobStore::open(folder / "blobs");
  if (blobs) return std::optional(std::move(blobs).value());
  if (blobs.error().code == storage::Errc::locked) return in_use(folder);
  return Error(blobs.error());
}

void check_ledger(const fs::path& folder, const storage::ErasureSlots* slots, Findings& findings) {
  auto database = storage::Database::open_read_only(folder / "ledger.db");
  if (!database) {
    const bool gone = database.error().code == storage::Errc::not_found;
    return add(findings, gone ? DamageKind::missing : DamageKind::changed, "ledger.db",
               database.error().text + ". Restore it and slots of one moment");
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const consent::TimeMs now_ms{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
  findings.ledger = consent::inspect_ledger(database.value(), slots, ledger_origin(folder), now_ms);
  for (auto& fault : findings.ledger.faults) findings.faults.emplace_back(std::move(fault));
  findings.notes.insert(findings.notes.end(), findings.ledger.notes.begin(), findings.ledger.notes.end());
}

/// Nothing is removed on the word of a ledger that is itself in doubt.
void forbid_repairs(Findings& findings) {
  for (FileFault& fault : findings.faults) fault.repair = Repair();
  findings.notes.emplace_back("nothing is repaired while the ledger itself has faults");
}

void repair(Findings& findings) {
  for (FileFault& fault : findings.faults) {
    if (!fault.repair) continue;
    const auto done = fault.repair();
    if (done) {
      fault.repaired = true;
    } else {
      fault.fault.text += ". The repair failed: " + done.error().text;
    }
  }
}

Report report_on(const Findings& findings, Repairs repairs) {
  using Json = nlohmann::ordered_json;
  Report report;
  std::size_t left = 0;
  std::size_t repairable = 0;
  Json faults = Json::array();
  for (const FileFault& found : findings.faults) {
    left += !found.repaired;
    repairable += found.repair && !found.repaired;
    std::string word(found.repaired ? "repaired" : name_of(found.fault.kind));
    word.resize(12, ' ');
    report.text += word + found.fault.subject + "\n            " + printable(found.fault.text) + "\n";
    faults.push_back({{"kind", name_of(found.fault.kind)},
                      {"subject", found.fault.subject},
                      {"text", found.fault.text},
                      {"repairable", static_cast<bool>(found.repair)},
                      {"repaired", found.repaired}});
  }
  for (const std::string& note : findings.notes) report.text += "note        " + printable(note) + "\n";
  if (!report.text.empty()) report.text += "\n";
  report.text += "Checked: " + std::to_string(findings.ledger.entries) + " statements in " +
                 std::to_string(findings.ledger.leaves) + " leaves, " + std::to_string(findings.ledger.wrapped_keys) +
                 " wrapped keys, " + std::to_string(findings.files.files) + " files of " +
                 std::to_string(findings.ledger.recordings.size()) + " recordings.\n";
  report.text += left == 0 ? "Everything fits.\n" : std::to_string(left) + " faults.\n";
  if (repairable > 0 && repairs == Repairs::none)
    report.text += std::to_string(repairable) + " of them can be repaired without losing anything: --repair\n";
  const Json json = {{"clean", left == 0},
                     {"leaves", findings.ledger.leaves},
                     {"entries", findings.ledger.entries},
                     {"wrapped_keys", findings.ledger.wrapped_keys},
                     {"recordings", findings.ledger.recordings.size()},
                     {"files", findings.files.files},
                     {"size_bytes", findings.files.size_bytes},
                     {"faults", std::move(faults)},
                     {"notes", findings.notes}};
  report.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  report.exit_code = left == 0 ? ExitCode::ok : ExitCode::failed;
  return report;
}

}  // namespace

Result<Report> fsck(const FsckOptions& options) {
  const fs::path folder(options.data_folder);
  std::error_code error;
  if (!fs::is_directory(folder, error)) return Error(ExitCode::io, options.data_folder + " is no folder");
  // A typing error must not be told as the loss of everything.
  if (!fs::exists(folder / "ledger.db", error) && !fs::exists(folder / "blobs", error))
    return Error(ExitCode::usage, options.data_folder + " is no data folder of unavoced: neither ledger.db nor blobs/");
  Findings findings;
  BOOST_OUTCOME_TRY(auto blobs, lock_blobs(folder, findings));
  BOOST_OUTCOME_TRY(const auto slots, lock_slots(folder, findings));
  check_key_files(folder, findings);
  check_ledger(folder, slots ? &*slots : nullptr, findings);
  check_accounts(folder, findings);
  // Without a ledger every file would be called extra.
  if (blobs && (findings.ledger.statements_sound || findings.ledger.leaves > 0)) {
    BOOST_OUTCOME_TRY(findings.files, inspect_blobs(*blobs, findings.ledger));
    for (FileFault& fault : findings.files.faults) findings.faults.push_back(std::move(fault));
  }
  if (!findings.ledger.statements_sound) forbid_repairs(findings);
  if (options.repairs == Repairs::where_nothing_is_lost) repair(findings);
  return report_on(findings, options.repairs);
}

}  // namespace unavoce::cli
