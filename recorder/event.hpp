// What the recorder tells the server without being asked.
// Owner: plain values. Thread: the callback runs on the recorder's own threads and must only post them elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "consent/ids.hpp"
#include "recorder/order.hpp"
#include "recorder/publish.hpp"

namespace unavoce::recorder {

/// Media of this publisher arrives: DTLS is up and the first packet is here.
struct PublisherConnected {
  std::string publisher;
  std::string resource;
  PublishKind kind = PublishKind::camera;
};

/// How a session ended: by `unpublish`, by a newer session of the same kind, by the publisher's goodbye (DTLS
/// close_notify), or without a word: silent, never there, failed.
enum class Ending { unpublished, replaced, goodbye, lost };

/// The publisher is gone. The resource exists no longer.
struct PublisherDisconnected {
  std::string publisher;
  std::string resource;
  PublishKind kind = PublishKind::camera;
  Ending ending = Ending::lost;
  std::string reason;  ///< for the log; names nobody
};

/// Packets that came for this session are dropped before they are decrypted, because they name too many sources
/// (WireSources); its other media goes on. Told once. Whoever sent them may be somebody else.
struct PacketsLeftOut {
  std::string publisher;
  std::string resource;
  PublishKind kind = PublishKind::camera;
};

/// The first frame of this track is durable on disk, sealed (its tail file has been renamed into place).
struct FirstFrameSealed {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
  std::int64_t at_ns = 0;  ///< CLOCK_MONOTONIC
};

/// A later file of a running take exists (a kind of media appeared that its current file has no stream for).
/// Its media waits, dropped in RAM, until `release_track`: the `track` statement must be durable first.
struct TrackPrepared {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  PreparedTrack track;
};

/// A track of a running take can no longer be written; what was sealed stays. The server closes the gate.
struct Fault {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
  std::string text;
};

/// Somebody changed codecs so often that a running take has no file left for what they send now: that is dropped (and
/// counted in the seal) until the next take. Nobody else is concerned. Told once for each camera or screen.
struct FilesUsedUp {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
};

/// What somebody sends cannot be the beginning of a file: libavformat refuses it, or there is no thread to write it.
/// Their camera, or screen, is recorded no further in this take; what was sealed stays. Nobody else is concerned.
struct TrackGivenUp {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
  std::string text;
};

/// The pipeline of a session hangs inside GStreamer. Nobody else waits for it; it costs its threads and its port until
/// it goes down after all (PipelineWentDown) or the process ends.
struct PipelineHangs {
  std::string resource;
  enum class Seen {
    in_session,  ///< as it was asked for a key frame or given candidates: its session is ended for it, as lost
    going_down,  ///< after its session
    at_the_end   ///< the recorder ended without it
  } seen = Seen::going_down;
};

/// A pipeline that was told to hang is gone; what it cost is free again.
struct PipelineWentDown {
  std::string resource;
};

using Event = std::variant<PublisherConnected, PublisherDisconnected, PacketsLeftOut, FirstFrameSealed, TrackPrepared,
                           Fault, FilesUsedUp, TrackGivenUp, PipelineHangs, PipelineWentDown>;

}  // namespace unavoce::recorder
