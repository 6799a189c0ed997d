// The takes that are prepared or running: which writer belongs to which publisher, and how they end together.
// Owner: Recorder. Thread: any; what blocks is said. Writers are joined on the work queue, never on their own thread.
// Errors: Result, or the Error in a callback.
//
// Life of a take:  prepare ─→ prepared ─start─→ running ─end─→ ending ─all writers done─→ gone
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consent/permit.hpp"
#include "recorder/config.hpp"
#include "recorder/ingest.hpp"
#include "recorder/order.hpp"
#include "recorder/work_queue.hpp"

namespace unavoce::recorder {

class Takes {
 public:
  using EventSink = std::function<void(Event)>;

  Takes(const Config& config, storage::BlobStore& blobs, WorkQueue& work, EventSink events);

  /// Where ports come from; before anything else.
  void use(Ingest& ingest) { ingest_ = &ingest; }

  Result<std::vector<PreparedTrack>> prepare(const TakeOrder& order);  ///< blocks on the disk
  void start(const consent::Permit& permit);
  void release(const consent::RecordingId& recording, std::uint32_t take, const consent::StatementId& approval,
               std::uint32_t file);
  void end(const consent::RecordingId& recording, std::uint32_t take, FinishDone done);
  /// Whose files go: an approval's, of one take or of all.
  struct Unwanted {
    consent::RecordingId recording;
    std::optional<std::uint32_t> take;
    consent::StatementId approval;
  };
  void abort(const Unwanted& unwanted, AbortDone done);

  /// A screen that is shared while a take runs gets its file, on the work queue; its media waits for `release`. One
  /// that is shared while a take is prepared gets it when the take starts.
  void appeared(const std::string& publisher, PublishKind kind);

  /// Leaves all running takes as a crash would; aborts that are under way are carried out, while the work queue is
  /// there. Blocks until their writers ended.
  void stop();

 private:
  using Key = std::pair<consent::RecordingId, std::uint32_t>;

  struct Track {
    PublishKind kind = PublishKind::camera;
    std::string publisher;
    std::shared_ptr<Port> port;
    std::shared_ptr<TrackWriter> writer;
    std::uint32_t first_file = 0;
    enum class State { waiting, running } state = State::waiting;
  };
  enum class Stage { preparing, prepared, running, ending };
  struct Take {
    Stage stage = Stage::preparing;
    TakeOrder order;
    std::map<consent::StatementId, std::shared_ptr<std::atomic<std::uint32_t>>> file_numbers;
    std::vector<Track> tracks;
    std::set<consent::StatementId> screens_in_making;  ///< approvals whose file for a screen is on its way
    std::vector<consent::Permit> permit;               // none or one
  };

  Result<std::pair<Track, PreparedTrack>> make_track(const Take& take, const TrackOrder& order, PublishKind kind);
  Result<std::vector<PreparedTrack>> make_tracks(Take& take);
  static void run(Track& track, const consent::Permit& permit);
  static bool lacks_screen(const Take& take, const TrackOrder& order);
  void make_screens(const std::string& publisher);
  void make_screen(const Key& key, const TrackOrder& order);
  void finish_take(const Key& key, Result<std::vector<SealedTrackFile>> files, const FinishDone& done);
  void abort_running(const Unwanted& unwanted, AbortDone done);
  Result<std::vector<std::string>> erase_at_rest(const Unwanted& unwanted);

  const Config& config_;
  storage::BlobStore& blobs_;
  WorkQueue& work_;
  const EventSink events_;
  Ingest* ingest_ = nullptr;
  std::mutex mutex_;  // before Ingest's, Port's and the inboxes'; never held on the disk
  std::map<Key, Take> takes_;
  std::size_t aborting_ = 0;  // aborts whose writers, which are no take's any more, may not have ended
  std::condition_variable none_aborts_;
};

}  // namespace unavoce::recorder
