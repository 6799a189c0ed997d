// A ledger looked at from outside while no service runs: do tables, tree, chains, signatures and erasure slots agree,
// and which files do the statements say must be there? Needs no key and no signer, and changes nothing. What the
// statements mean among themselves is the verifier's business (verifier.hpp). Owner: values. Thread: one at a time,
// blocks on the database. Errors: only a database that cannot be read at all; everything else is a fault.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consent/statements.hpp"
#include "storage/database.hpp"
#include "storage/erasure_slots.hpp"

namespace unavoce::consent {

enum class DamageKind : std::uint8_t {
  missing,     ///< it should be there
  extra,       ///< nothing says that it should be there
  truncated,   ///< its end is lost
  swapped,     ///< it is something else of ours, in the wrong place
  changed,     ///< it is not what was written
  unfinished,  ///< a crash came in between; the service goes on with it when it starts
  leftover,    ///< it was erased, or is worth nothing, and is still there
};
std::string_view name_of(DamageKind kind) noexcept;

/// Something that does not fit.
struct Damage {
  DamageKind kind;
  std::string subject;  ///< file, entry, slot: what it is about
  std::string text;     ///< why, and what to do
};

/// What the statements of one recording say about its files.
struct RecordingFiles {
  std::vector<Track> tracks;                  ///< announced, in the order of the ledger
  std::map<std::string, SealedTrack> sealed;  ///< by file name, tails too
  std::set<std::uint32_t> sealed_takes;
  std::set<std::string> erased;     ///< what `erased` statements name
  std::set<std::string> withdrawn;  ///< main files that a withdrawal covers, whether `erased` or not yet
  /// Its retention is over, or somebody wanted it gone before, and a crash came between the erasure of its first key
  /// and that of its statements: whatever is there or not there of its files is as it should be.
  bool erasure_begun = false;
};

struct LedgerInspection {
  std::vector<Damage> faults;
  std::vector<std::string> notes;                    ///< true and worth knowing, but no fault
  std::map<std::string, RecordingFiles> recordings;  ///< by hex id; those of which entries are there
  std::set<std::string> erased_recordings;
  /// Tree, entries, chains and statements were read to the end without a fault: what they say of files can be acted on.
  bool statements_sound = false;
  std::uint64_t leaves = 0;
  std::uint64_t entries = 0;
  std::uint64_t wrapped_keys = 0;
};

/// `slots`: null if the file cannot be read; then wrapped keys are not checked. `origin`: of this service's ledger, if
/// it is known. `now`: whose retention is over.
LedgerInspection inspect_ledger(storage::Database& database, const storage::ErasureSlots* slots,
                                const std::optional<std::string>& origin, TimeMs now);

}  // namespace unavoce::consent
