#include "server/take_files.hpp"

#include <chrono>
#include <utility>

#include "recorder/recorder.hpp"

namespace unavoce::server {
namespace {

using Clock = std::chrono::steady_clock;

/// Whoever waits for the thread, or the end of the service, waits so long.
constexpr std::chrono::milliseconds kPiece{50};

}  // namespace

TakeFiles::TakeFiles(Services& services, consent::RecordingId recording, std::vector<recorder::SealedTrackFile> files,
                     Known known)
    : services_(services), recording_(recording), known_(known) {
  for (auto& file : files) {
    recorder::SealedTrackFile tail = file;
    tail.name = storage::tail_name(file.name);
    parts_.push_back({std::move(file), known == Known::measured ? Is::measured : Is::main});
    parts_.push_back({std::move(tail), Is::tail});
  }
}

Result<TakeFiles::Progress> TakeFiles::read_on() {
  const auto until = Clock::now() + kPiece;
  for (; next_ < parts_.size(); ++next_) {
    const Part& part = parts_[next_];
    if (part.is == Is::measured) {
      measured_.push_back(part.file);
      continue;
    }
    if (Clock::now() >= until) return Progress::more;
    BOOST_OUTCOME_TRY(begin(part));
    auto found = measuring_->read_until(until);
    if (!found) measuring_.reset();  // it may be another file when it is tried again
    BOOST_OUTCOME_TRY(auto file, std::move(found));
    if (!file) return Progress::more;
    measuring_.reset();
    keep(part, std::move(*file));
  }
  return Progress::all;
}

/// What is sealed must not change when the service starts again: a main file is brought to its end first.
Result<void> TakeFiles::begin(const Part& part) {
  if (measuring_) return boost::outcome_v2::success();
  if (part.is == Is::main) {
    const auto repaired = services_.recorder.repair(recording_, part.file.name);
    if (!repaired && repaired.error().code != recorder::Errc::damaged) return Error(repaired.error());
    if (!repaired && std::exchange(told_, repaired.error().text) != repaired.error().text) {
      services_.log.error(recording_.hex() + "/" + part.file.name +
                          " is damaged, and sealed as it lies there with its tail: " + repaired.error().text);
    }
  }
  measuring_.emplace(services_.blobs, recording_, part.file.name);
  return boost::outcome_v2::success();
}

void TakeFiles::keep(const Part& part, recorder::SealedTrackFile found) {
  if (part.is == Is::tail && found.empty) return;  // it was finished
  found.approval = part.file.approval;
  found.file = part.file.file;
  if (part.is == Is::main) found.header_sha256 = part.file.header_sha256;  // as announced
  measured_.push_back(std::move(found));
}

}  // namespace unavoce::server
