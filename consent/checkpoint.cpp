#include "consent/checkpoint.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "consent/text_lines.hpp"
#include "crypto/merkle.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kProofMagic = "c2sp.org/tlog-proof@v1";
constexpr std::size_t kMaxProofHashes = 63;  // a tree of 2^63 leaves; nobody has more

Error malformed(std::string_view what, std::string_view why) {
  return {Errc::malformed, std::string(what) + ": " + std::string(why)};
}

}  // namespace

std::string format_checkpoint(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + crypto::to_base64(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view note_text) {
  if (note_text.size() > kMaxCheckpointBytes) return malformed("checkpoint", "larger than any checkpoint of ours");
  const auto origin = take_line(note_text);
  const auto size_line = take_line(note_text);
  const auto root_line = take_line(note_text);
  if (!origin || origin->empty() || !size_line || !root_line) {
    return malformed("checkpoint", "needs three lines: origin, tree size, root hash");
  }
  const auto size = parse_decimal(*size_line);
  if (!size) return malformed("checkpoint", "the second line is not a tree size");
  const auto root = parse_hash(*root_line);
  if (!root) return malformed("checkpoint", "the third line is not a base64 SHA-256 hash");
  while (!note_text.empty()) {
    const auto extension = take_line(note_text);
    if (!extension || extension->empty()) return malformed("checkpoint", "an extension line is empty or unfinished");
  }
  return Checkpoint{std::string(*origin), *size, *root};
}

Result<Checkpoint> open_checkpoint(std::string_view signed_checkpoint, const crypto::NoteVerifier& ledger) {
  if (signed_checkpoint.size() > kMaxCheckpointBytes) {
    return malformed("checkpoint", "larger than any checkpoint of ours");
  }
  BOOST_OUTCOME_TRY(auto text, crypto::open_note(signed_checkpoint, std::span(&ledger, 1)));
  BOOST_OUTCOME_TRY(auto checkpoint, parse_checkpoint(text));
  if (checkpoint.origin != ledger.name()) {
    return Error{Errc::bad_signature, "checkpoint: its origin is \"" + checkpoint.origin +
                                          "\", but the key belongs to \"" + std::string(ledger.name()) + "\""};
  }
  return checkpoint;
}

std::string format_proof(const Proof& proof) {
  std::string text = std::string(kProofMagic) + "\nindex " + std::to_string(proof.index) + "\n";
  for (const crypto::Digest& hash : proof.hashes) text += crypto::to_base64(hash) + "\n";
  return text + "\n" + proof.checkpoint;
}

Result<Proof> parse_proof(std::string_view text) {
  if (text.size() > kMaxProofBytes) return malformed("proof", "larger than any proof of ours");
  if (take_line(text) != kProofMagic) return malformed("proof", "does not start with " + std::string(kProofMagic));
  auto line = take_line(text);
  if (line && line->starts_with("extra ")) {
    if (!crypto::from_base64(line->substr(6))) return malformed("proof", "the extra line is not base64");
    line = take_line(text);
  }
  if (!line || !line->starts_with("index ")) return malformed("proof", "the index line is missing");
  const auto index = parse_decimal(line->substr(6));
  if (!index) return malformed("proof", "the index is not a number");

  Proof proof;
  proof.index = *index;
  for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
    const auto hash = parse_hash(*line);
    if (!hash) return malformed("proof", "a line is not a base64 SHA-256 hash");
    if (proof.hashes.size() == kMaxProofHashes) return malformed("proof", "more hashes than any tree is high");
    proof.hashes.push_back(*hash);
  }
  if (!line || text.empty()) return malformed("proof", "ends before the checkpoint");
  proof.checkpoint = text;
  return proof;
}

std::string format_consistency(std::span<const crypto::Digest> hashes) {
  std::string text;
  for (const crypto::Digest& hash : hashes) text += crypto::to_base64(hash) + "\n";
  return text;
}

Result<std::vector<crypto::Digest>> parse_consistency(std::string_view text) {
  std::vector<crypto::Digest> hashes;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto hash = line ? parse_hash(*line) : std::nullopt;
    if (!hash) return malformed("consistency proof", "a line is not a base64 SHA-256 hash");
    if (hashes.size() == kMaxProofHashes) return malformed("consistency proof", "more hashes than any tree is high");
    hashes.push_back(*hash);
  }
  if (hashes.empty()) return malformed("consistency proof", "it is empty");
  return hashes;
}

Result<Checkpoint> verify_proof(const Proof& proof, crypto::ByteView leaf_data, const crypto::NoteVerifier& ledger) {
  BOOST_OUTCOME_TRY(auto checkpoint, open_checkpoint(proof.checkpoint, ledger));
  if (!crypto::verify_inclusion(crypto::leaf_hash(leaf_data), proof.index, checkpoint.size, proof.hashes,
                                checkpoint.root)) {
    return Error{Errc::damaged, "proof: leaf " + std::to_string(proof.index) +
                                    " is not in the tree of the checkpoint (size " + std::to_string(checkpoint.size) +
                                    ")"};
  }
  return checkpoint;
}

}  // namespace unavoce::consent
