// The recording bundle: a BagIt 1.0 bag with everything needed to check and open a recording offline (docs/FORMATS.md
// section 6). BundleWriter streams one as a tar, Bundle reads one from a folder or a tar. Both keep track files out of
// RAM. Threads: one at a time per object; every call may block on files. Errors: malformed, storage, damaged; names the
// file. Bundle never writes anything and never leaves its folder or tar: links, "..", special files and duplicates are
// refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "consent/ledger.hpp"
#include "crypto/bytes.hpp"

namespace unavoce::consent {

/// One `data/entries/….json`: an entry, its opening, the envelope and a proof.
struct EntryFile {
  std::uint64_t index = 0;
  std::string entry;  ///< entry JSON, verbatim
  crypto::Digest r{};
  std::string kind;
  std::string envelope;  ///< verbatim
  std::string proof;     ///< tlog-proof text
};

std::string format_entry_file(const EntryFile& file);
/// Strict: every key once and no other.
Result<EntryFile> parse_entry_file(std::string_view json);

/// A track file (or tail, or index) as it lies in the blob store.
struct BundleTrack {
  std::string name;
  std::uint64_t size_bytes = 0;
};

/// What goes into a bundle, small parts by value. Tracks are read when it is their turn.
struct BundleContents {
  std::string recording;  ///< hex id
  TimeMs made{};          ///< bag date and modification time of every file
  std::string ledger_vkey;
  std::string checkpoint;          ///< signed note that every proof leads to
  std::vector<EntryFile> entries;  ///< by sequence, none missing
  std::vector<EntryFile> rooms;    ///< every version of the room statement, from the first
  /// Size of a tree that somebody had seen when signing → the hash lines that lead from it to `checkpoint`.
  std::map<std::uint64_t, std::string> consistency;
  std::map<std::string, crypto::Bytes> keys;  ///< approval id (hex) → W, erased ones left out
  std::vector<BundleTrack> tracks;
};

/// Collects entries, room statements, proofs, checkpoint and wrapped keys of a recording from the ledger; leaves
/// `tracks` to the caller. A tree that somebody claims to have seen and that never was is no error: the verifier finds
/// it. Ledger worker thread. Errors: unknown_reference (no such recording), storage.
Result<BundleContents> collect_bundle(Ledger& ledger, std::string_view recording, TimeMs now);

/// The same without wrapped keys, which are read nowhere then: neither a slot that the disk does not give nor one that
/// is half erased keeps anybody from the statements. Of the room's statements only the one that the request names, if
/// it is there.
Result<BundleContents> collect_statements(Ledger& ledger, std::string_view recording, TimeMs now);

/// Makes the tar piece by piece: `next` until it returns nothing. Hashes are computed while the bytes go through, so
/// the manifests come last. Every part of the contents is held once, as it was collected, and until it has gone
/// through.
class BundleWriter {
 public:
  /// Reads up to out.size() bytes of track `name` at `offset`; 0 only at the end.
  using ReadTrack =
      std::function<Result<std::size_t>(std::string_view name, std::uint64_t offset, std::span<std::uint8_t> out)>;

  /// Errors: malformed (a name that cannot stand in a bundle).
  static Result<BundleWriter> create(BundleContents contents, ReadTrack read_track);
  BundleWriter(BundleWriter&&) noexcept;
  BundleWriter& operator=(BundleWriter&&) noexcept;
  ~BundleWriter();

  /// The next bytes of the tar (about 64 KiB), empty at the end. After an error the tar is unusable: break it off.
  Result<crypto::Bytes> next();
  /// Whether everything but the track files, which are never held, has gone through.
  bool only_tracks_are_left() const noexcept;

 private:
  struct State;
  explicit BundleWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The page for people inside a bundle (German and English, self-contained, escaped): who said what, takes, erasures,
/// files, how to check. It proves nothing by itself. Depends on recording, entries, rooms, names and sizes of tracks
/// only, and is fixed: the verifier compares bytes.
std::string format_page(const BundleContents& contents);

/// The first version of that page, shorter: bundles of before have it, and the verifier takes it as well.
std::string format_summary(const BundleContents& contents);

/// A file of a bundle; `path` is relative to the top folder of the bag, with '/'.
struct BundleFile {
  std::string path;
  std::uint64_t size_bytes = 0;
};

class BundleSource;  // a folder or a tar; bundle_source.hpp

/// A bundle opened for reading.
class Bundle {
 public:
  /// A folder or an uncompressed tar. Only looks at names and sizes; what is inside is the verifier's business.
  /// Errors: storage (cannot be read), malformed (not a bundle, or something a bundle must not contain).
  static Result<Bundle> open(const std::filesystem::path& path);
  Bundle(Bundle&&) noexcept;
  Bundle& operator=(Bundle&&) noexcept;
  ~Bundle();

  /// All files, ordered by path.
  const std::vector<BundleFile>& files() const;
  /// The entry of `files()` with this path, or null.
  const BundleFile* find(std::string_view path) const;

  /// Passes the bytes of a file to `sink`, in order, in pieces. Stops at the first error of either side.
  Result<void> stream(std::string_view path, const std::function<Result<void>(crypto::ByteView)>& sink) const;
  /// A whole small file. Errors: unknown_reference (not there), malformed (larger than max_bytes).
  Result<std::string> read(std::string_view path, std::size_t max_bytes) const;

 private:
  explicit Bundle(std::unique_ptr<BundleSource> source);
  std::unique_ptr<BundleSource> source_;
};

}  // namespace unavoce::consent
