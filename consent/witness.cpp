#include "consent/witness.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "consent/checkpoint.hpp"
#include "consent/text_lines.hpp"
#include "crypto/merkle.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxProofHashes = 63;
constexpr std::uint64_t kMaxTreeSize = std::uint64_t{1} << 62;  // what SQLite can hold
constexpr std::array<std::string_view, 1> kMigrations = {
    "CREATE TABLE witnessed(origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK(size >= 0), "
    "root BLOB NOT NULL CHECK(length(root) = 32)) STRICT"};

Error malformed(const char* why) {
  return {Errc::malformed, std::string("add-checkpoint: ") + why};
}

WitnessAnswer refusal(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

WitnessAnswer remembered_size(std::uint64_t size) {
  return {409, std::string(kTreeSizeType), std::to_string(size) + "\n"};
}

struct Remembered {
  std::uint64_t size = 0;
  crypto::Digest root = crypto::MerkleTree().root();
};

Remembered recall(SQLite::Database& database, const std::string& origin) {
  SQLite::Statement query(database, "SELECT size, root FROM witnessed WHERE origin = ?");
  query.bind(1, origin);
  Remembered tree;
  if (!query.executeStep()) return tree;
  tree.size = static_cast<std::uint64_t>(query.getColumn(0).getInt64());
  const auto* root = static_cast<const std::uint8_t*>(query.getColumn(1).getBlob());
  std::copy_n(root, tree.root.size(), tree.root.begin());
  return tree;
}

void remember(SQLite::Database& database, const Checkpoint& checkpoint) {
  SQLite::Statement insert(database,
                           "INSERT INTO witnessed(origin, size, root) VALUES(?, ?, ?) "
                           "ON CONFLICT(origin) DO UPDATE SET size = excluded.size, root = excluded.root");
  insert.bind(1, checkpoint.origin);
  insert.bind(2, static_cast<std::int64_t>(checkpoint.size));
  insert.bind(3, checkpoint.root.data(), static_cast<int>(checkpoint.root.size()));
  insert.exec();
}

}  // namespace

std::string format_add_checkpoint(const AddCheckpoint& request) {
  std::string body = "old " + std::to_string(request.old_size) + "\n";
  for (const crypto::Digest& hash : request.proof) body += crypto::to_base64(hash) + "\n";
  return body + "\n" + request.checkpoint;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kMaxAddCheckpointBytes) return malformed("larger than any request of this kind");
  auto line = take_line(body);
  if (!line || !line->starts_with("old ")) return malformed("it does not start with \"old <size>\"");
  const auto old_size = parse_decimal(line->substr(4));
  if (!old_size) return malformed("the old size is not a number");
  AddCheckpoint request;
  request.old_size = *old_size;
  for (line = take_line(body); line && !line->empty(); line = take_line(body)) {
    const auto hash = parse_hash(*line);
    if (!hash) return malformed("a line of the proof is not a base64 SHA-256 hash");
    if (request.proof.size() == kMaxProofHashes) return malformed("more hashes than any proof has");
    request.proof.push_back(*hash);
  }
  if (!line || body.empty()) return malformed("it ends before the checkpoint");
  request.checkpoint = body;
  return request;
}

Result<std::uint64_t> parse_tree_size(std::string_view body) {
  const auto line = take_line(body);
  const auto size = line ? parse_decimal(*line) : std::nullopt;
  if (!size || !body.empty()) return malformed("the answer is no tree size");
  return *size;
}

Witness::Witness(storage::Database database, crypto::Cosigner cosigner, std::vector<crypto::NoteVerifier> logs)
    : database_(std::move(database)), cosigner_(std::move(cosigner)), logs_(std::move(logs)) {}

Result<Witness> Witness::open(storage::Database database, crypto::Cosigner cosigner,
                              std::vector<crypto::NoteVerifier> logs) {
  BOOST_OUTCOME_TRY(database.migrate("witness", kMigrations));
  return Witness(std::move(database), std::move(cosigner), std::move(logs));
}

WitnessAnswer Witness::add_checkpoint(std::string_view body, std::uint64_t unix_seconds) {
  try {
    return judge(body, unix_seconds);
  } catch (const SQLite::Exception& exception) {
    return refusal(500, "the witness cannot remember this tree: " + storage::describe(exception, "witness.db").text);
  }
}

WitnessAnswer Witness::judge(std::string_view body, std::uint64_t unix_seconds) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return refusal(400, request.error().text);
  const std::string& note = request.value().checkpoint;
  const std::string_view origin = std::string_view(note).substr(0, note.find('\n'));
  // A log may have several keys; any of them will do.
  std::optional<Result<Checkpoint>> tried;
  for (const crypto::NoteVerifier& log : logs_) {
    if (log.name() == origin && !(tried && *tried)) tried.emplace(open_checkpoint(note, log));
  }
  if (!tried) return refusal(404, "this witness does not know a log of this origin");
  const Result<Checkpoint>& opened = *tried;
  if (!opened) return refusal(opened.error().code == Errc::bad_signature ? 403 : 400, opened.error().text);
  const Checkpoint& fresh = opened.value();
  if (fresh.size > kMaxTreeSize) return refusal(400, "no tree is that large");
  if (request.value().old_size > fresh.size) return refusal(400, "the old size is larger than the checkpoint's");

  SQLite::Transaction transaction(database_.handle(), SQLite::TransactionBehavior::IMMEDIATE);
  const Remembered known = recall(database_.handle(), fresh.origin);
  if (known.size != request.value().old_size) return remembered_size(known.size);
  if (known.size == fresh.size && known.root != fresh.root)
    return refusal(409, "another tree of the same size was witnessed before");
  if (!crypto::verify_consistency(known.size, fresh.size, request.value().proof, known.root, fresh.root))
    return refusal(422, "the proof does not show that this tree continues the one that was witnessed before");
  remember(database_.handle(), fresh);
  transaction.commit();
  const std::string_view text = std::string_view(note).substr(0, note.rfind("\n\n") + 1);
  return {200, "text/plain; charset=utf-8", cosigner_.cosign(text, unix_seconds)};
}

}  // namespace unavoce::consent
