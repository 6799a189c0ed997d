#include "recorder/recovery.hpp"

#include <optional>
#include <utility>

#include "crypto/age_header.hpp"
#include "crypto/track_sealer.hpp"
#include "recorder/measuring.hpp"

namespace unavoce::recorder {
namespace {

/// The first bytes of a file, enough for any header.
Result<crypto::Bytes> read_head(storage::BlobStore& blobs, const std::string& recording, const std::string& name) {
  crypto::Bytes head(crypto::max_header_bytes);
  BOOST_OUTCOME_TRY(const std::size_t got, blobs.read_at(recording, name, 0, head));
  head.resize(got);
  return head;
}

/// What a main file's head and its tail's say about where it ends.
Result<crypto::Repair> plan(storage::BlobStore& blobs, const std::string& folder, const std::string& tail) {
  BOOST_OUTCOME_TRY(const auto tail_head, read_head(blobs, folder, tail));
  BOOST_OUTCOME_TRY(const auto head, read_head(blobs, folder, main_name(tail)));
  BOOST_OUTCOME_TRY(auto planned, crypto::plan_repair(head, tail_head));
  return planned;
}

/// Whether a main file ends so already.
Result<bool> ends_as(storage::BlobStore& blobs, const std::string& folder, const std::string& name,
                     const crypto::Repair& planned) {
  BOOST_OUTCOME_TRY(const std::uint64_t size_bytes, blobs.size(folder, name));
  if (size_bytes != planned.truncate_to + planned.fin.size()) return false;
  crypto::Bytes end(planned.fin.size());
  BOOST_OUTCOME_TRY(const std::size_t got, blobs.read_at(folder, name, planned.truncate_to, end));
  return got == end.size() && end == planned.fin;
}

/// Most were repaired by an earlier start, and sealed: those are not touched. What a process wrote that was killed
/// before it synced looks so, too; should a power cut undo that, the next start does it again.
Result<void> repair_if_torn(storage::BlobStore& blobs, const std::string& folder, const std::string& tail) {
  BOOST_OUTCOME_TRY(const auto planned, plan(blobs, folder, tail));
  BOOST_OUTCOME_TRY(const bool is_whole, ends_as(blobs, folder, main_name(tail), planned));
  if (is_whole) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(blobs.repair(folder, main_name(tail), planned.truncate_to, planned.fin));
  return boost::outcome_v2::success();
}

}  // namespace

std::string main_name(const std::string& name) {
  if (!storage::is_tail_name(name)) return name;
  constexpr std::string_view tail_end = ".tail.age";
  if (name.ends_with(tail_end)) return name.substr(0, name.size() - tail_end.size()) + ".age";
  return name.substr(0, name.size() - std::string_view(".tail").size());
}

Result<void> recover(storage::BlobStore& blobs) {
  std::optional<Error> first_error;  // one file that cannot be repaired keeps none of the others
  BOOST_OUTCOME_TRY(const auto recordings, blobs.recordings());
  for (const std::string& folder : recordings) {
    if (!consent::RecordingId::parse(folder)) continue;  // not a recording of ours
    BOOST_OUTCOME_TRY(const auto names, blobs.list(folder));
    for (const std::string& name : names) {
      if (!storage::is_tail_name(name)) continue;
      const auto repaired = repair_if_torn(blobs, folder, name);
      if (!repaired && !first_error)
        first_error = Error{repaired.error().code, "Repairing " + folder + "/" + name + ": " + repaired.error().text};
    }
    if (const auto removed = blobs.remove_temporary(folder); !removed && !first_error)
      first_error = Error(removed.error());
  }
  if (first_error) return *first_error;
  return boost::outcome_v2::success();
}

Result<void> repair(storage::BlobStore& blobs, const consent::RecordingId& recording, const std::string& name) {
  const std::string tail = storage::tail_name(name);
  for (const std::string& needed : {tail, name}) {
    const auto size = blobs.size(recording.hex(), needed);
    if (!size && size.error().code == storage::Errc::not_found) return boost::outcome_v2::success();
  }
  const auto planned = plan(blobs, recording.hex(), tail);
  // The sealer reads no disk: what it refuses are the bytes.
  if (!planned && planned.error().code == Errc::sealing) return Error(Errc::damaged, planned.error().text);
  BOOST_OUTCOME_TRY(planned);
  const auto repaired = blobs.repair(recording.hex(), name, planned.value().truncate_to, planned.value().fin);
  if (!repaired && repaired.error().code == storage::Errc::corrupt) return Error(Errc::damaged, repaired.error().text);
  BOOST_OUTCOME_TRY(repaired);
  return boost::outcome_v2::success();
}

Result<SealedTrackFile> examine(storage::BlobStore& blobs, const consent::RecordingId& recording,
                                const std::string& name) {
  Measuring measuring(blobs, recording, name);
  for (;;) {
    BOOST_OUTCOME_TRY(auto file, measuring.read_until(std::chrono::steady_clock::time_point::max()));
    if (file) return std::move(*file);
  }
}

}  // namespace unavoce::recorder
