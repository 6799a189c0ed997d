// The texts by which a ledger shows what it holds: the checkpoint (how big is the tree, what is its root), the proof
// (this leaf is in that tree) and the consistency proof (that tree is the beginning of this one; hash lines alone).
// C2SP formats, byte for byte, so that tools we did not write can check them: c2sp.org/tlog-checkpoint,
// c2sp.org/tlog-proof, c2sp.org/signed-note. Pure functions, any thread; bad input is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/error.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/note.hpp"

namespace unavoce::consent {

/// A tree head: who says so, how many leaves, and the RFC 6962 root over them.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  crypto::Digest root{};

  bool operator==(const Checkpoint&) const = default;
};

/// Largest signed checkpoint and largest proofs that a reader accepts, in bytes.
inline constexpr std::size_t kMaxCheckpointBytes = 16 * 1024;
inline constexpr std::size_t kMaxProofBytes = 32 * 1024;
inline constexpr std::size_t kMaxConsistencyBytes = 63 * 45;  ///< 63 lines of base64

/// The note text (three lines, without signatures) of a checkpoint.
std::string format_checkpoint(const Checkpoint& checkpoint);

/// Reads a note text. Extension lines are allowed by the format and ignored.
Result<Checkpoint> parse_checkpoint(std::string_view note_text);

/// Checks the ledger's signature on a signed checkpoint, then reads it. The origin must be the verifier's key name.
/// Errors: bad_signature, malformed.
Result<Checkpoint> open_checkpoint(std::string_view signed_checkpoint, const crypto::NoteVerifier& ledger);

/// An inclusion proof with the signed checkpoint it leads to (kept verbatim).
struct Proof {
  std::uint64_t index = 0;
  std::vector<crypto::Digest> hashes;  ///< from the leaf's sibling up to the root's child
  std::string checkpoint;              ///< signed note
};

std::string format_proof(const Proof& proof);

/// Reads a tlog-proof. An `extra` line is checked for form and dropped: it is not authenticated.
Result<Proof> parse_proof(std::string_view text);

/// The hashes of a consistency proof, each in base64 on a line. Between which trees it leads stands elsewhere.
std::string format_consistency(std::span<const crypto::Digest> hashes);

/// Reads 1 to 63 such lines. Errors: malformed.
Result<std::vector<crypto::Digest>> parse_consistency(std::string_view text);

/// Checks that `leaf_data` (for our ledger: the 32-byte commitment of an entry) is the leaf which the proof speaks of,
/// in the tree of its checkpoint, and that the ledger signed that checkpoint. Returns the checkpoint. Errors:
/// malformed, bad_signature (checkpoint), damaged (the leaf is not there).
Result<Checkpoint> verify_proof(const Proof& proof, crypto::ByteView leaf_data, const crypto::NoteVerifier& ledger);

}  // namespace unavoce::consent
