#include "recorder/recovery.hpp"

#include <array>
#include <optional>

#include "crypto/age_header.hpp"
#include "crypto/track_sealer.hpp"

namespace unavoce::recorder {
namespace {

/// A tail holds less than one chunk, sealed, and a header of a few hundred bytes.
constexpr std::uint64_t max_tail_bytes = std::uint64_t{256} << 10;

struct Measured {
  std::uint64_t size_bytes = 0;
  crypto::Digest sha256{};
  crypto::Digest header_sha256{};
};

/// The first bytes of a file, enough for any header.
Result<crypto::Bytes> read_head(storage::BlobStore& blobs, const std::string& recording, const std::string& name) {
  crypto::Bytes head(crypto::max_header_bytes);
  BOOST_OUTCOME_TRY(const std::size_t got, blobs.read_at(recording, name, 0, head));
  head.resize(got);
  return head;
}

Result<Measured> measure(storage::BlobStore& blobs, const std::string& recording, const std::string& name) {
  Measured measured;
  crypto::Sha256 hash;
  std::vector<std::uint8_t> block(std::size_t{1} << 20);
  while (true) {
    BOOST_OUTCOME_TRY(const std::size_t got, blobs.read_at(recording, name, measured.size_bytes, block));
    if (got == 0) break;
    hash.update(std::span(block).first(got));
    measured.size_bytes += got;
  }
  measured.sha256 = hash.finish();
  BOOST_OUTCOME_TRY(const auto head, read_head(blobs, recording, name));
  BOOST_OUTCOME_TRY(const auto parsed, crypto::parse_whole_header(head));
  measured.header_sha256 = crypto::sha256(std::span(head).first(parsed.size_bytes));
  return measured;
}

Result<Recovered> recover_file(storage::BlobStore& blobs, const consent::RecordingId& recording,
                               const std::string& tail) {
  const std::string folder = recording.hex();
  Recovered recovered;
  recovered.recording = recording;
  recovered.name = main_name(tail);
  recovered.tail_name = tail;
  BOOST_OUTCOME_TRY(const auto tail_bytes, blobs.read_all(folder, tail, max_tail_bytes));
  BOOST_OUTCOME_TRY(const auto head, read_head(blobs, folder, recovered.name));
  BOOST_OUTCOME_TRY(const auto info, crypto::read_tail_header(tail_bytes));
  BOOST_OUTCOME_TRY(const auto repair, crypto::plan_repair(head, tail_bytes));
  BOOST_OUTCOME_TRY(blobs.repair(folder, recovered.name, repair.truncate_to, repair.fin));
  BOOST_OUTCOME_TRY(const Measured measured, measure(blobs, folder, recovered.name));
  recovered.header_sha256 = measured.header_sha256;
  recovered.size_bytes = measured.size_bytes;
  recovered.sha256 = measured.sha256;
  recovered.chunks = info.chunk;
  return recovered;
}

}  // namespace

std::string main_name(const std::string& name) {
  if (!storage::is_tail_name(name)) return name;
  constexpr std::string_view tail_end = ".tail.age";
  if (name.ends_with(tail_end)) return name.substr(0, name.size() - tail_end.size()) + ".age";
  return name.substr(0, name.size() - std::string_view(".tail").size());
}

Result<std::vector<Recovered>> recover(storage::BlobStore& blobs) {
  std::vector<Recovered> all;
  std::optional<Error> first_error;  // one file that cannot be repaired keeps none of the others
  BOOST_OUTCOME_TRY(const auto recordings, blobs.recordings());
  for (const std::string& folder : recordings) {
    const auto recording = consent::RecordingId::parse(folder);
    if (!recording) continue;  // not a recording of ours
    BOOST_OUTCOME_TRY(const auto names, blobs.list(folder));
    for (const std::string& name : names) {
      if (!storage::is_tail_name(name)) continue;
      auto recovered = recover_file(blobs, recording.value(), name);
      if (recovered)
        all.push_back(std::move(recovered.value()));
      else if (!first_error)
        first_error = Error{recovered.error().code, "Repairing " + folder + "/" + name + ": " + recovered.error().text};
    }
    if (const auto removed = blobs.remove_temporary(folder); !removed && !first_error)
      first_error = Error(removed.error());
  }
  if (first_error) return *first_error;
  return all;
}

Result<void> repair(storage::BlobStore& blobs, const consent::RecordingId& recording, const std::string& name) {
  const std::string tail = storage::tail_name(name);
  for (const std::string& needed : {tail, name}) {
    const auto size = blobs.size(recording.hex(), needed);
    if (!size && size.error().code == storage::Errc::not_found) return boost::outcome_v2::success();
  }
  BOOST_OUTCOME_TRY(recover_file(blobs, recording, tail));
  return boost::outcome_v2::success();
}

Result<SealedTrackFile> examine(storage::BlobStore& blobs, const consent::RecordingId& recording,
                                const std::string& name) {
  SealedTrackFile file;
  file.name = name;
  const auto measured = measure(blobs, recording.hex(), name);
  if (!measured && measured.error().code == Errc::not_found) return file;
  BOOST_OUTCOME_TRY(measured);
  file.empty = false;
  file.size_bytes = measured.value().size_bytes;
  file.sha256 = measured.value().sha256;
  file.header_sha256 = measured.value().header_sha256;
  return file;
}

}  // namespace unavoce::recorder
