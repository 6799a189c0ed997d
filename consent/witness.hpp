// Witnesses (c2sp.org/tlog-witness): somebody else remembers the newest tree of a ledger and cosigns only trees that
// continue it. So a ledger that was rolled back or forked gets no cosignature any more. The request, both ways, and the
// witness itself. Where requests come from and how they travel is the caller's.
//
// Owner: Witness owns its database. Thread: one at a time; add_checkpoint() blocks (SQLite, fsync).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consent/error.hpp"
#include "crypto/cosignature.hpp"
#include "crypto/hash.hpp"
#include "crypto/note.hpp"
#include "storage/database.hpp"

namespace unavoce::consent {

/// Largest request that a witness reads, and largest answer that its client reads, in bytes.
inline constexpr std::size_t kMaxAddCheckpointBytes = 64 * 1024;
/// The content type in which a witness names the tree size that it remembers.
inline constexpr std::string_view kTreeSizeType = "text/x.tlog.size";

/// The body of POST <prefix>/add-checkpoint.
struct AddCheckpoint {
  std::uint64_t old_size = 0;         ///< what the witness is believed to remember
  std::vector<crypto::Digest> proof;  ///< consistency from old_size to the checkpoint
  std::string checkpoint;             ///< signed note, verbatim
};
std::string format_add_checkpoint(const AddCheckpoint& request);
/// Errors: malformed.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);
/// The body of a 409: a size in decimal and a newline. Errors: malformed.
Result<std::uint64_t> parse_tree_size(std::string_view body);

/// An HTTP answer.
struct WitnessAnswer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

class Witness {
 public:
  /// `logs` are the ledgers that are witnessed, by their keys.
  static Result<Witness> open(storage::Database database, crypto::Cosigner cosigner,
                              std::vector<crypto::NoteVerifier> logs);

  /// 200 with the cosignature line, after the new tree is remembered durably. 400 malformed; 403 not signed by the
  /// log's key; 404 no log of ours; 409 with the remembered size where `old` is another, or in words where two trees
  /// of the same size differ; 422 the tree does not continue the remembered one; 500 the disk refused.
  WitnessAnswer add_checkpoint(std::string_view body, std::uint64_t unix_seconds);

 private:
  Witness(storage::Database database, crypto::Cosigner cosigner, std::vector<crypto::NoteVerifier> logs);
  WitnessAnswer judge(std::string_view body, std::uint64_t unix_seconds);

  storage::Database database_;
  crypto::Cosigner cosigner_;
  std::vector<crypto::NoteVerifier> logs_;
};

}  // namespace unavoce::consent
