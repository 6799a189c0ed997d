// The writing half of bundle.hpp: a tar, piece by piece, hashed on its way out.
#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <new>
#include <utility>

#include "consent/archive_ptr.hpp"
#include "consent/bundle.hpp"
#include "consent/bundle_manifest.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

/// A small file; of entries only what they are made of is held, until it is their turn.
struct SmallFile {
  std::string path;
  std::string content;
  EntryFile* entry = nullptr;

  /// Its bytes. What they are made of is let go of.
  std::string take() {
    if (entry == nullptr) return std::move(content);
    return format_entry_file(std::exchange(*entry, {}));
  }
  std::uint64_t size_bytes() const { return entry == nullptr ? content.size() : format_entry_file(*entry).size(); }
};

std::string numbered(std::string_view prefix, std::uint64_t number) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%06llu", static_cast<unsigned long long>(number));
  return std::string(prefix) + digits.data() + ".json";
}

/// Everything of the bag that is small, tag files that depend on hashes excepted.
std::deque<SmallFile> small_files(BundleContents& contents) {
  std::deque<SmallFile> files;
  std::string page = format_page(contents);
  files.push_back({"data/ledger.vkey", contents.ledger_vkey});
  files.push_back({"data/checkpoint", contents.checkpoint});
  std::uint64_t version = 0;
  for (EntryFile& room : contents.rooms) {
    files.push_back({numbered("data/entries/room-", ++version), {}, &room});
  }
  std::uint64_t sequence = 0;
  for (EntryFile& entry : contents.entries) {
    files.push_back({numbered("data/entries/", sequence++), {}, &entry});
  }
  for (auto& [size, proof] : contents.consistency) {
    files.push_back({"data/consistency/" + std::to_string(size), std::move(proof)});
  }
  for (auto& [approval, wrapped] : contents.keys) {
    files.push_back({"data/keys/" + approval + ".age", std::string(crypto::as_text(std::exchange(wrapped, {})))});
  }
  files.push_back({"data/summary.html", std::move(page)});
  return files;
}

/// The tag files that are known before the first payload byte.
std::array<SmallFile, 2> leading_tag_files(const BundleContents& contents, const std::deque<SmallFile>& small) {
  std::uint64_t payload_bytes = 0;
  for (const SmallFile& file : small) payload_bytes += file.size_bytes();
  for (const BundleTrack& track : contents.tracks) payload_bytes += track.size_bytes;
  return {{{"bagit.txt", std::string(kBagDeclaration)},
           {"bag-info.txt",
            format_bag_info(contents.recording, contents.made, payload_bytes, small.size() + contents.tracks.size())}}};
}

}  // namespace

struct BundleWriter::State {
  BundleContents contents;
  ReadTrack read_track;
  std::string top;  // "unavoce-<recording>/"
  std::deque<SmallFile> small;
  std::array<SmallFile, 2> leading;
  std::size_t next_track = 0;
  std::uint64_t track_offset = 0;
  crypto::Sha256 track_hash;
  Manifest payload;
  Manifest tags;
  crypto::Bytes pending;  // what libarchive gave us and the caller has not got yet
  ArchiveWritePtr tar;
  enum class Stage { leading, small, tracks, manifest, done } stage = Stage::leading;
  std::optional<Error> failed;

  static la_ssize_t collect(archive*, void* self, const void* data, std::size_t size) noexcept {
    try {
      const auto* bytes = static_cast<const std::uint8_t*>(data);
      auto& pending = static_cast<State*>(self)->pending;
      pending.insert(pending.end(), bytes, bytes + size);
      return static_cast<la_ssize_t>(size);
    } catch (const std::bad_alloc&) {
      return -1;  // no exception through C
    }
  }

  Error tar_error() const {
    const char* why = archive_error_string(tar.get());
    return {Errc::storage, std::string("bundle: the tar cannot be written: ") + (why ? why : "unknown reason")};
  }

  Result<void> start() {
    tar.reset(archive_write_new());
    archive_write_set_bytes_per_block(tar.get(), 0);  // pass every write on at once, `pending` is the buffer
    if (archive_write_set_format_pax_restricted(tar.get()) != ARCHIVE_OK ||
        archive_write_open(tar.get(), this, nullptr, &State::collect, nullptr) != ARCHIVE_OK) {
      return tar_error();
    }
    return boost::outcome_v2::success();
  }

  Result<void> header(std::string_view path, std::uint64_t size) {
    const ArchiveEntryPtr entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), (top + std::string(path)).c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), contents.made.value / 1000, 0);
    if (archive_write_header(tar.get(), entry.get()) != ARCHIVE_OK) return tar_error();
    return boost::outcome_v2::success();
  }

  Result<void> data(crypto::ByteView bytes) {
    while (!bytes.empty()) {
      const la_ssize_t written = archive_write_data(tar.get(), bytes.data(), bytes.size());
      if (written <= 0) return tar_error();
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return boost::outcome_v2::success();
  }

  Result<void> whole(SmallFile file, Manifest& manifest) {
    const std::string content = file.take();
    manifest.emplace(file.path, crypto::sha256(crypto::as_bytes(content)));
    BOOST_OUTCOME_TRY(header(file.path, content.size()));
    return data(crypto::as_bytes(content));
  }

  /// One piece of the track whose turn it is.
  Result<void> track_piece() {
    const BundleTrack& track = contents.tracks[next_track];
    const std::string path = "data/tracks/" + track.name;
    if (track_offset == 0) {
      BOOST_OUTCOME_TRY(header(path, track.size_bytes));
    }
    std::array<std::uint8_t, kPieceBytes> buffer;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), track.size_bytes - track_offset));
    if (wanted > 0) {
      BOOST_OUTCOME_TRY(const std::size_t got, read_track(track.name, track_offset, std::span(buffer).first(wanted)));
      if (got == 0) return Error{Errc::damaged, "bundle: track " + track.name + " ends before its stated size"};
      const crypto::ByteView piece(buffer.data(), got);
      track_hash.update(piece);
      BOOST_OUTCOME_TRY(data(piece));
      track_offset += got;
    }
    if (track_offset == track.size_bytes) {
      payload.emplace(path, track_hash.finish());
      track_offset = 0;
      ++next_track;
    }
    return boost::outcome_v2::success();
  }

  Result<void> manifests() {
    BOOST_OUTCOME_TRY(whole({std::string(kManifest), format_manifest(payload)}, tags));
    Manifest unlisted;  // the tag manifest does not name itself (RFC 8493 section 2.2.1)
    BOOST_OUTCOME_TRY(whole({std::string(kTagManifest), format_manifest(tags)}, unlisted));
    if (archive_write_close(tar.get()) != ARCHIVE_OK) return tar_error();
    return boost::outcome_v2::success();
  }

  Result<void> small_file() {
    BOOST_OUTCOME_TRY(whole(std::move(small.front()), payload));
    small.pop_front();
    return boost::outcome_v2::success();
  }

  /// One piece of work; moves on to the next stage when there is none left in this one.
  Result<void> step() {
    if (stage == Stage::leading) {
      stage = Stage::small;
      for (const SmallFile& file : leading) {
        BOOST_OUTCOME_TRY(whole(file, tags));
      }
    } else if (stage == Stage::small) {
      if (!small.empty()) return small_file();
      stage = Stage::tracks;
    } else if (stage == Stage::tracks) {
      if (next_track < contents.tracks.size()) return track_piece();
      stage = Stage::manifest;
    } else if (stage == Stage::manifest) {
      stage = Stage::done;
      return manifests();
    }
    return boost::outcome_v2::success();
  }
};

Result<BundleWriter> BundleWriter::create(BundleContents contents, ReadTrack read_track) {
  auto state = std::make_unique<State>();
  state->top = "unavoce-" + contents.recording + "/";
  state->contents = std::move(contents);
  state->read_track = std::move(read_track);
  state->small = small_files(state->contents);
  state->leading = leading_tag_files(state->contents, state->small);
  for (const SmallFile& file : state->small) {
    if (!is_bag_path(file.path))
      return Error{Errc::malformed, "bundle: \"" + file.path + "\" cannot stand in a bundle"};
  }
  for (const BundleTrack& track : state->contents.tracks) {
    if (!is_bag_path(track.name) || track.name.find('/') != std::string::npos) {
      return Error{Errc::malformed, "bundle: a track cannot be called \"" + track.name + "\""};
    }
  }
  BOOST_OUTCOME_TRY(state->start());
  return BundleWriter(std::move(state));
}

Result<crypto::Bytes> BundleWriter::next() {
  State& state = *state_;
  while (!state.failed && state.pending.size() < kPieceBytes && state.stage != State::Stage::done) {
    if (auto stepped = state.step(); !stepped) state.failed = stepped.error();
  }
  if (state.failed) return *state.failed;
  return std::exchange(state.pending, {});
}

bool BundleWriter::only_tracks_are_left() const noexcept {
  return state_->stage >= State::Stage::tracks;
}

BundleWriter::BundleWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BundleWriter::BundleWriter(BundleWriter&&) noexcept = default;
BundleWriter& BundleWriter::operator=(BundleWriter&&) noexcept = default;
BundleWriter::~BundleWriter() = default;

}  // namespace unavoce::consent
