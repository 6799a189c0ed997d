// The recorder: takes media in by WHIP, and writes what a permit allows into sealed track files.
// Owner: the server makes one, keeps it until the process ends; it is meant to move into a process of its own, so
// values go in, values come out, and nothing is shared. Thread: every method may be called from any thread; which ones
// block is said below. Callbacks and events run on the recorder's threads and must only post. Errors: Result, or the
// Error in a callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "consent/permit.hpp"
#include "consent/scope.hpp"
#include "recorder/config.hpp"
#include "recorder/error.hpp"
#include "recorder/event.hpp"
#include "recorder/order.hpp"
#include "recorder/publish.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::recorder {

class Recorder {
 public:
  using EventSink = std::function<void(Event)>;

  /// Starts the recorder's threads and loads GStreamer's plugins in the background (the first pipeline of a process
  /// takes up to half a second). `blobs` must outlive the recorder. Throws when GStreamer lacks an element it needs.
  Recorder(Config config, storage::BlobStore& blobs, EventSink events);

  /// Ends all publishers and abandons running takes as a crash would (their tails stay): end takes first. Blocks, for
  /// pipelines that go down at most `stop_limit`; those that hang by then are told (PipelineHangs) and left behind.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // ---- ingest

  /// Takes a WHIP offer (SDP with its candidates) and answers it. Only kinds in `allowed` are accepted, others are
  /// answered inactive; a screen needs `Kind::screen`. A new session of the same publisher and kind replaces the older
  /// one. Does not block; `done` comes with bad_offer, unsupported, busy or pipeline when there is no answer.
  void publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
               std::function<void(Result<Answer>)> done);

  /// Takes candidates that come after the offer, as an SDP fragment. Does not block; `done` comes with bad_offer,
  /// unsupported (an ICE restart: the session goes on as it is) or not_found.
  void trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done);

  /// Ends a WHIP session; unknown resources are ignored. Does not block; PublisherDisconnected follows.
  void unpublish(std::string resource);

  // ---- takes, in this order: prepare, [`track` statements durable], start, [gate begins], [gate closes], end

  /// Creates the sealed files of a take: age header and the empty final chunk, no media. Blocks on the disk: worker
  /// thread. All or nothing: on an error no file is left. conflict: this take exists.
  Result<std::vector<PreparedTrack>> prepare_take(const TakeOrder& order);

  /// Media flows: frames whose first packet arrived at or after the permit's opening are written, from a key frame on.
  /// Does not block. What arrives before this returns may be missed: begin the permit after it (consent/gate.hpp). A
  /// permit for a take that was not prepared is ignored (nothing is recorded).
  void start_take(consent::Permit permit);

  /// Lets the media of a later file flow (see TrackPrepared), after its `track` statement is durable. Does not block.
  void release_track(consent::RecordingId recording, std::uint32_t take, consent::StatementId approval,
                     std::uint32_t file);

  /// Finishes a take after its gate has closed (also one that was never started): drains what arrived before the
  /// closing, writes trailers, pads, seals, syncs. `done` gets one entry per file, `empty` ones (removed) and abandoned
  /// ones included, aborted ones not. Does not block. not_found: no such take.
  void end_take(consent::RecordingId recording, std::uint32_t take,
                std::function<void(Result<std::vector<SealedTrackFile>>)> done);

  /// Withdrawal: drops the queue, writes no trailer, destroys the keys and erases every file of this approval in the
  /// recording: running, finishing and finished takes alike. `done` gets the names removed. Does not block.
  void abort_track(consent::RecordingId recording, consent::StatementId approval,
                   std::function<void(Result<std::vector<std::string>>)> done);

  /// The same for what this approval has in one take: of somebody whose take goes because another one withdrew, the
  /// files of other takes stay.
  void abort_track_of_take(consent::RecordingId recording, std::uint32_t take, consent::StatementId approval,
                           std::function<void(Result<std::vector<std::string>>)> done);

  // ---- at start, before any take

  /// Repairs, without any key, every main file that has a tail; can be repeated. One that cannot be repaired keeps none
  /// of the others; the first error is told at the end. Blocks on the disk.
  Result<void> recover();

  // ---- for a take that is over

  /// Repairs one main file if it has a tail; can be repeated. damaged: trying again changes nothing. Blocks on the
  /// disk.
  Result<void> repair(consent::RecordingId recording, const std::string& name);

  /// Measures a track file at rest: sizes and hashes as a `seal` needs them for an interrupted take; fields that only
  /// the media could tell are zero, `empty` when there is no such file. Blocks on the disk.
  Result<SealedTrackFile> examine(consent::RecordingId recording, const std::string& name);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a recorder of this process ended without all of its pipelines. Their threads still run: such a process has
/// to end by std::_Exit, without exit handlers and static destructors, which would take away what they use.
bool pipelines_left_behind() noexcept;

}  // namespace unavoce::recorder
