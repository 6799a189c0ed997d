#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "cli/fsck.hpp"
#include "cli/progress.hpp"
#include "cli/recording_source.hpp"
#include "crypto/age_header.hpp"
#include "crypto/hash.hpp"
#include "crypto/track_sealer.hpp"

namespace unavoce::cli {

namespace {

namespace fs = std::filesystem;
using consent::DamageKind;
using consent::RecordingFiles;
using consent::SealedTrack;
using consent::Track;

constexpr std::uint64_t kMaxTailBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kNonceBytes = 16;
constexpr std::uint64_t kSealedChunkBytes = crypto::chunk_bytes + 16;
constexpr std::uint64_t kFinalChunkBytes = 18;

/// What a file on the disk is.
struct Measured {
  std::uint64_t size_bytes = 0;
  std::uint64_t header_bytes = 0;
  std::optional<crypto::Digest> header_sha256;  ///< nothing if it does not begin as an age file
  crypto::Digest sha256{};
};

std::string bytes_text(std::uint64_t count) {
  return std::to_string(count) + " bytes";
}

/// Every name in a folder, whatever it is.
Result<std::map<std::string, fs::file_type>> names_in(const fs::path& folder) {
  std::map<std::string, fs::file_type> names;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    names.emplace(entry->path().filename().string(), entry->symlink_status(ignored).type());
  }
  if (error) return Error(ExitCode::io, "cannot list " + folder.string() + ": " + error.message());
  return names;
}

/// The tracks that `track` statements announce, by the hash of their header: what a misplaced file really is.
using Announced = std::map<crypto::Digest, std::string>;

class FolderInspector {
 public:
  FolderInspector(storage::BlobStore& blobs, const std::string& recording, const RecordingFiles& said,
                  const Announced& announced, BlobInspection& result, Progress& progress)
      : blobs_(blobs),
        recording_(recording),
        said_(said),
        announced_(announced),
        result_(result),
        progress_(progress) {}

  Result<void> run() {
    const fs::path folder = blobs_.root() / recording_;
    if (fs::exists(folder)) {
      BOOST_OUTCOME_TRY(names_, names_in(folder));
    }
    result_.files += names_.size();
    if (said_.erasure_begun) return boost::outcome_v2::success();
    for (const Track& track : said_.tracks) {
      BOOST_OUTCOME_TRY(check(track));
    }
    return check_others();
  }

 private:
  void fault(DamageKind kind, const std::string& name, std::string text, Repair repair = {}) {
    result_.faults.emplace_back(kind, "blobs/" + recording_ + "/" + printable(name), std::move(text),
                                std::move(repair));
  }

  bool is_there(const std::string& name) const {
    const auto found = names_.find(name);
    return found != names_.end() && found->second == fs::file_type::regular;
  }

  const SealedTrack* sealed(const std::string& name) const {
    const auto found = said_.sealed.find(name);
    return found == said_.sealed.end() ? nullptr : &found->second;
  }

  Result<Measured> measure(const std::string& name) {
    Measured measured;
    crypto::Bytes head;
    crypto::Sha256 hash;
    std::vector<std::uint8_t> block(std::size_t{1} << 20);
    while (true) {
      BOOST_OUTCOME_TRY(const std::size_t got, blobs_.read_at(recording_, name, measured.size_bytes, block));
      if (got == 0) break;
      const auto piece = std::span(block).first(got);
      if (measured.size_bytes == 0)
        head.assign(piece.begin(),
                    piece.begin() + static_cast<std::ptrdiff_t>(std::min(got, crypto::max_header_bytes)));
      hash.update(piece);
      measured.size_bytes += got;
      progress_.add(got);
    }
    measured.sha256 = hash.finish();
    result_.size_bytes += measured.size_bytes;
    if (const auto header = crypto::parse_whole_header(head)) {
      measured.header_bytes = header.value().size_bytes;
      measured.header_sha256 = crypto::sha256(crypto::ByteView(head).first(measured.header_bytes));
    }
    return measured;
  }

  Result<void> check(const Track& track) {
    const std::string tail = storage::tail_name(track.name);
    const std::string temporary = tail + std::string(storage::temporary_suffix);
    const std::string names[] = {track.name, tail, temporary};
    claimed_.insert(std::begin(names), std::end(names));
    if (said_.erased.contains(track.name)) {
      for (const std::string& name : names)
        if (is_there(name))
          fault(DamageKind::leftover, name, "its erasure stands in the ledger, and it is still there",
                [&blobs = blobs_, recording = recording_, name = track.name] { return blobs.erase(recording, name); });
      return boost::outcome_v2::success();
    }
    if (said_.withdrawn.contains(track.name)) {
      for (const std::string& name : names)
        if (is_there(name))
          fault(DamageKind::unfinished, name, "it is withdrawn; start the service: it finishes the erasure");
      return boost::outcome_v2::success();
    }
    if (is_there(temporary)) fault_of_temporary(temporary);
    std::optional<Measured> main;
    if (is_there(track.name)) {
      BOOST_OUTCOME_TRY(main, measure(track.name));
    }
    if (said_.sealed_takes.contains(track.take)) return check_sealed(track, tail, main);
    return check_unsealed(track, tail, main);
  }

  void fault_of_temporary(const std::string& name) {
    fault(DamageKind::leftover, name, "a temporary file that a crash left; nothing of it is needed",
          [path = blobs_.root() / recording_ / name]() -> storage::Result<void> {
            BOOST_OUTCOME_TRY(storage::remove_name(storage::system_file_ops(), path));
            return storage::sync_folder(storage::system_file_ops(), path.parent_path());
          });
  }

  /// Another file of ours in this place; empty if the header is of none.
  std::string what_it_is(const Measured& measured) const {
    if (!measured.header_sha256) return {};
    const auto found = announced_.find(*measured.header_sha256);
    return found == announced_.end() ? std::string() : found->second;
  }

  /// Compares the header with the one expected; says what is wrong.
  bool has_header(const std::string& name, const Measured& measured, const crypto::Digest& expected) {
    if (measured.header_sha256 == expected) return true;
    if (const std::string other = what_it_is(measured); !other.empty()) {
      fault(DamageKind::swapped, name, "it is the file " + other + ". Put both back in their places");
    } else {
      fault(DamageKind::changed, name, "its header is not the one announced. Restore it from a backup");
    }
    return false;
  }

  /// Compares a file with its seal. `repair`: what would cut off its torn end, if it has one.
  bool is_as_sealed(const std::string& name, const Measured& measured, const SealedTrack& seal) {
    if (!has_header(name, measured, seal.header_sha256)) return false;
    if (measured.size_bytes < seal.size_bytes) {
      fault(DamageKind::truncated, name,
            "it has " + bytes_text(measured.size_bytes) + " of the " + bytes_text(seal.size_bytes) +
                " sealed. Restore it from a backup; what is left opens with `unavoce open --unverified`");
    } else if (measured.size_bytes > seal.size_bytes) {
      fault(DamageKind::changed, name,
            "it has " + bytes_text(measured.size_bytes) + ", sealed were " + bytes_text(seal.size_bytes) +
                ". Restore it from a backup");
    } else if (measured.sha256 != seal.sha256) {
      fault(DamageKind::changed, name, "its content is not the one sealed. Restore it from a backup");
    } else {
      return true;
    }
    return false;
  }

  Result<void> check_sealed(const Track& track, const std::string& tail, const std::optional<Measured>& main) {
    const SealedTrack* seal = sealed(track.name);
    bool whole = false;
    if (seal == nullptr) {
      fault(DamageKind::missing, track.name, "the seal of its take does not name it; `unavoce verify` says more");
    } else if (seal->empty) {
      if (main) fault(DamageKind::extra, track.name, "it was sealed as empty, so there should be no file");
    } else if (!main) {
      fault(DamageKind::missing, track.name,
            "it was sealed with " + bytes_text(seal->size_bytes) + ". Restore it from a backup");
    } else {
      whole = is_as_sealed(track.name, *main, *seal);
    }
    const SealedTrack* tail_seal = sealed(tail);
    if (tail_seal == nullptr) {
      if (!is_there(tail)) return boost::outcome_v2::success();
      if (!whole) {
        fault(DamageKind::extra, tail, "no seal names this tail; leave it until the main file is in order");
      } else {
        fault(DamageKind::leftover, tail, "its main file is complete as sealed, without this tail",
              [&blobs = blobs_, recording = recording_, name = track.name] {
                return blobs.remove_tail(recording, name);
              });
      }
      return boost::outcome_v2::success();
    }
    if (!is_there(tail)) {
      fault(DamageKind::missing, tail, "the end of an interrupted take, sealed beside it. Restore it from a backup");
      return boost::outcome_v2::success();
    }
    BOOST_OUTCOME_TRY(const auto measured, measure(tail));
    (void)is_as_sealed(tail, measured, *tail_seal);
    return boost::outcome_v2::success();
  }

  /// A take that a crash interrupted: the service will seal it when it starts, as it then lies there.
  Result<void> check_unsealed(const Track& track, const std::string& tail, const std::optional<Measured>& main) {
    if (!main) {
      fault(DamageKind::missing, track.name,
            "its take is not sealed yet. If the take never began the service seals it as empty when it starts; "
            "otherwise restore it first");
      if (is_there(tail)) fault(DamageKind::extra, tail, "the tail of a file that is not there; keep it");
      return boost::outcome_v2::success();
    }
    if (!has_header(track.name, *main, track.header_sha256)) return boost::outcome_v2::success();
    if (is_there(tail)) return check_torn(track.name, tail, *main);
    const std::uint64_t fixed = main->header_bytes + kNonceBytes + kFinalChunkBytes;
    if (main->size_bytes < fixed || (main->size_bytes - fixed) % kSealedChunkBytes != 0)
      fault(DamageKind::truncated, track.name,
            "it does not end with a whole chunk, and its tail is gone. Restore both from a backup");
    return boost::outcome_v2::success();
  }

  Result<void> check_torn(const std::string& name, const std::string& tail, const Measured& main) {
    auto tail_bytes = blobs_.read_all(recording_, tail, kMaxTailBytes);
    crypto::Bytes head(crypto::max_header_bytes);
    BOOST_OUTCOME_TRY(const std::size_t got, blobs_.read_at(recording_, name, 0, head));
    head.resize(got);
    if (!tail_bytes) {
      fault(DamageKind::changed, tail, tail_bytes.error().text);
      return boost::outcome_v2::success();
    }
    const auto plan = crypto::plan_repair(head, tail_bytes.value());
    if (!plan) {
      fault(DamageKind::swapped, tail, "it is not the tail of " + name + ": " + plan.error().text);
      return boost::outcome_v2::success();
    }
    const auto [cut, fin] = plan.value();
    if (main.size_bytes < cut) {
      fault(DamageKind::truncated, name,
            "it has " + bytes_text(main.size_bytes) + ", its tail belongs after " + bytes_text(cut) +
                ". Restore it from a backup");
      return boost::outcome_v2::success();
    }
    crypto::Bytes end(fin.size() + 1);
    BOOST_OUTCOME_TRY(const std::size_t end_bytes, blobs_.read_at(recording_, name, cut, end));
    end.resize(end_bytes);
    if (end != fin)
      fault(DamageKind::unfinished, name, "it was torn while a chunk was written; its tail says where it must end",
            [&blobs = blobs_, recording = recording_, name, cut = cut, fin = fin] {
              return blobs.repair(recording, name, cut, fin);
            });
    return boost::outcome_v2::success();
  }

  /// What no `track` statement has announced.
  Result<void> check_others() {
    for (const auto& [name, type] : names_) {
      if (type != fs::file_type::regular) {
        fault(DamageKind::extra, name, "it is no regular file. Remove it if you know where it comes from");
        continue;
      }
      if (claimed_.contains(name)) continue;
      if (name.ends_with(storage::temporary_suffix)) {
        fault_of_temporary(name);
        continue;
      }
      if (said_.erased.contains(name) && storage::is_blob_name(name)) {
        fault(DamageKind::leftover, name, "its erasure stands in the ledger, and it is still there",
              [&blobs = blobs_, recording = recording_, name = name] { return blobs.erase(recording, name); });
        continue;
      }
      std::string other;
      if (storage::is_blob_name(name)) {
        BOOST_OUTCOME_TRY(const auto measured, measure(name));
        other = what_it_is(measured);
      }
      if (other.empty()) {
        fault(DamageKind::extra, name,
              "no statement announces it. A take that never began may leave such a file; remove it if nobody needs it");
      } else {
        fault(DamageKind::swapped, name, "it is the file " + other + " under another name. Put it back, or remove it");
      }
    }
    return boost::outcome_v2::success();
  }

  storage::BlobStore& blobs_;
  std::string recording_;
  const RecordingFiles& said_;
  const Announced& announced_;
  BlobInspection& result_;
  Progress& progress_;
  std::map<std::string, fs::file_type> names_;
  std::set<std::string> claimed_;
};

/// What lies beside the recordings' folders.
void inspect_root(storage::BlobStore& blobs, const std::map<std::string, fs::file_type>& names,
                  const consent::LedgerInspection& ledger, BlobInspection& result) {
  for (const auto& [name, type] : names) {
    if (name == ".lock") continue;
    const std::string subject = "blobs/" + printable(name);
    if (type != fs::file_type::directory) {
      result.faults.emplace_back(DamageKind::extra, subject,
                                 "it is no folder of a recording. Remove it if you know where it comes from", Repair());
    } else if (ledger.recordings.contains(name)) {
      continue;
    } else if (ledger.erased_recordings.contains(name)) {
      const Repair erase = [&blobs, name = name] { return blobs.erase_recording(name); };
      result.faults.emplace_back(DamageKind::leftover, subject,
                                 "the recording was erased, and files of it are still there", erase);
    } else {
      result.faults.emplace_back(DamageKind::extra, subject,
                                 "the ledger knows no such recording. Is it of another service, or is ledger.db older "
                                 "than these files? Then restore the newer one",
                                 Repair());
    }
  }
}

}  // namespace

Result<BlobInspection> inspect_blobs(storage::BlobStore& blobs, const consent::LedgerInspection& ledger) {
  BlobInspection result;
  Announced announced;
  for (const auto& [recording, files] : ledger.recordings) {
    for (const Track& track : files.tracks)
      announced.emplace(track.header_sha256, "blobs/" + recording + "/" + track.name);
    for (const auto& [name, seal] : files.sealed)
      announced.emplace(seal.header_sha256, "blobs/" + recording + "/" + name);
  }
  BOOST_OUTCOME_TRY(const auto names, names_in(blobs.root()));
  inspect_root(blobs, names, ledger, result);
  Progress progress("checking", std::nullopt);
  for (const auto& [recording, files] : ledger.recordings) {
    BOOST_OUTCOME_TRY(FolderInspector(blobs, recording, files, announced, result, progress).run());
  }
  return result;
}

}  // namespace unavoce::cli
