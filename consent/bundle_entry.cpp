// The entry files of a bundle, and how a bundle's contents are collected from the ledger.
#include <algorithm>
#include <set>

#include "consent/bundle.hpp"
#include "consent/json_object.hpp"
#include "consent/rules.hpp"

namespace unavoce::consent {
namespace {

enum class RoomVersions : std::uint8_t { named, all };
enum class WrappedKeys : std::uint8_t { without, with };

/// Moves the texts, which may be large; id and kind of the entries stay.
Result<std::vector<EntryFile>> with_proofs(const Ledger& ledger, std::vector<Entry>& entries) {
  std::vector<EntryFile> files;
  files.reserve(entries.size());
  for (Entry& entry : entries) {
    BOOST_OUTCOME_TRY(auto proof, ledger.proof(entry.index));
    files.push_back(
        {entry.index, std::move(entry.entry_json), entry.r, entry.kind, std::move(entry.envelope), std::move(proof)});
  }
  return files;
}

/// All versions of the room statement, as the chain of a bundle needs them; or the one that the request names, if the
/// ledger has it.
Result<std::vector<Entry>> room_statements(const Ledger& ledger, const Request& request, RoomVersions versions) {
  if (versions == RoomVersions::all) return ledger.entries(request.room.hex());
  BOOST_OUTCOME_TRY(auto named, ledger.find(request.room_statement));
  std::vector<Entry> rooms;
  if (named && named->recording == request.room.hex()) rooms.push_back(std::move(*named));
  return rooms;
}

/// What the statements of a recording ask of its bundle.
struct Told {
  /// Whose keys must not be given away any more, also if they could not be erased yet.
  std::vector<StatementId> withdrawn;
  /// How many entries the ledger had when people, and the service before a take, last looked at it and signed.
  std::set<std::uint64_t> seen_sizes;
};

/// Reads every statement once: each of them costs a signature.
Result<Told> told_by(const std::vector<Entry>& entries) {
  Told told;
  std::vector<ApprovalRow> granted;
  std::vector<WithdrawalRow> taken;
  for (const Entry& entry : entries) {
    if (entry.kind == kind_name<Approval>()) {
      BOOST_OUTCOME_TRY(const auto approval, parse_statement<Approval>(entry.envelope));
      granted.push_back({approval.id, approval.body.key, approval.body.scope, entry.sequence});
      if (approval.body.checkpoint) told.seen_sizes.insert(approval.body.checkpoint->size);
    } else if (entry.kind == kind_name<Withdrawal>()) {
      BOOST_OUTCOME_TRY(const auto withdrawal, parse_statement<Withdrawal>(entry.envelope));
      taken.push_back({withdrawal.body.key, withdrawal.body.kinds, entry.sequence});
    } else if (entry.kind == kind_name<Take>()) {
      // One that cannot be read withholds nothing from anybody: the verifier finds it.
      const auto take = parse_statement<Take>(entry.envelope);
      if (take) told.seen_sizes.insert(take.value().body.checkpoint.size);
    }
  }
  told.withdrawn = wholly_withdrawn(granted, taken);
  return told;
}

/// A proof for every size between nothing and now, whatever root was claimed for it.
Result<std::map<std::uint64_t, std::string>> consistency_files(const Ledger& ledger,
                                                               const std::set<std::uint64_t>& seen_sizes) {
  const std::uint64_t now = ledger.checkpoint().size;
  std::map<std::uint64_t, std::string> files;
  for (const std::uint64_t size : seen_sizes) {
    if (size == 0 || size >= now) continue;
    BOOST_OUTCOME_TRY(const auto proof, ledger.consistency_proof(size));
    files.emplace(size, format_consistency(proof));
  }
  return files;
}

Result<BundleContents> collect(Ledger& ledger, std::string_view recording, TimeMs now, RoomVersions versions,
                               WrappedKeys keys) {
  BOOST_OUTCOME_TRY(auto entries, ledger.entries(recording));
  if (entries.empty()) {
    return Error{Errc::unknown_reference, "bundle: there is no recording " + std::string(recording)};
  }
  BOOST_OUTCOME_TRY(const auto request, parse_statement<Request>(entries.front().envelope));
  BOOST_OUTCOME_TRY(auto rooms, room_statements(ledger, request.body, versions));
  BOOST_OUTCOME_TRY(const auto told, told_by(entries));

  BundleContents contents;
  contents.recording = recording;
  contents.made = now;
  contents.ledger_vkey = ledger.vkey() + "\n";
  contents.checkpoint = ledger.signed_checkpoint();
  BOOST_OUTCOME_TRY(contents.entries, with_proofs(ledger, entries));
  BOOST_OUTCOME_TRY(contents.rooms, with_proofs(ledger, rooms));
  BOOST_OUTCOME_TRY(contents.consistency, consistency_files(ledger, told.seen_sizes));
  if (keys == WrappedKeys::without) return contents;
  for (const Entry& entry : entries) {
    if (entry.kind != kind_name<Approval>() || std::ranges::count(told.withdrawn, entry.id) != 0) continue;
    BOOST_OUTCOME_TRY(auto wrapped, ledger.wrapped(entry.id));
    if (wrapped) contents.keys.emplace(entry.id.hex(), std::move(*wrapped));
  }
  return contents;
}

}  // namespace

std::string format_entry_file(const EntryFile& file) {
  const auto base64_text = [](std::string_view text) { return crypto::to_base64(crypto::as_bytes(text)); };
  return "{\"index\":" + std::to_string(file.index) + ",\"entry\":\"" + base64_text(file.entry) + "\",\"r\":\"" +
         crypto::to_base64(file.r) + "\",\"kind\":" + json_quoted(file.kind) + ",\"envelope\":\"" +
         base64_text(file.envelope) + "\",\"proof\":" + json_quoted(file.proof) + "}\n";
}

Result<EntryFile> parse_entry_file(std::string_view json) {
  BOOST_OUTCOME_TRY(const auto object,
                    JsonObject::parse(json, "entry file", {"index", "entry", "r", "kind", "envelope", "proof"}));
  EntryFile file;
  BOOST_OUTCOME_TRY(file.index, object.number("index"));
  BOOST_OUTCOME_TRY(const auto entry, object.base64("entry"));
  file.entry = crypto::as_text(entry);
  BOOST_OUTCOME_TRY(file.r, object.base64_digest("r"));
  BOOST_OUTCOME_TRY(file.kind, object.text("kind"));
  BOOST_OUTCOME_TRY(const auto envelope, object.base64("envelope"));
  file.envelope = crypto::as_text(envelope);
  BOOST_OUTCOME_TRY(file.proof, object.text("proof"));
  return file;
}

Result<BundleContents> collect_statements(Ledger& ledger, std::string_view recording, TimeMs now) {
  return collect(ledger, recording, now, RoomVersions::named, WrappedKeys::without);
}

Result<BundleContents> collect_bundle(Ledger& ledger, std::string_view recording, TimeMs now) {
  return collect(ledger, recording, now, RoomVersions::all, WrappedKeys::with);
}

}  // namespace unavoce::consent
