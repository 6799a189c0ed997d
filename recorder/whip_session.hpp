// One publisher's WebRTC connection: a webrtcbin pipeline of its own, so that one publisher's trouble stays with it.
// Owner: Ingest. Thread: answers on the queue for answers, is destroyed on the one for pipelines (both block and may
// hang, never on a streaming thread); hooks are called on streaming threads and must only push or post. Errors: Result
// from `answer`; later ones through `on_gone`.
// The order of the steps was measured to work with GStreamer 1.22; no GLib main loop is needed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "recorder/config.hpp"
#include "recorder/error.hpp"
#include "recorder/event.hpp"
#include "recorder/frame.hpp"
#include "recorder/offer.hpp"

namespace unavoce::recorder {

/// What a session tells its owner.
struct SessionHooks {
  std::function<void(Frame&&)> on_frame;
  std::function<void()> on_connected;                ///< once, with the first packet
  std::function<void()> on_loss;                     ///< a video packet is missing for good
  std::function<void()> on_left_out;                 ///< once, with the first packet that names too many sources
  std::function<void(Ending, std::string)> on_gone;  ///< closed or failed; may come more than once
};

class WhipSession {
 public:
  /// A session without a pipeline.
  WhipSession(const OfferPlan& plan, SessionHooks hooks);
  /// Stops the pipeline; no hook is called afterwards. Blocks for some milliseconds, or for ever when it hangs: then
  /// its hooks, and what they hold, stay.
  ~WhipSession();
  WhipSession(const WhipSession&) = delete;
  WhipSession& operator=(const WhipSession&) = delete;

  /// Makes the pipeline and answers the offer with it; once. Blocks for some milliseconds, at most 10 s.
  Result<void> answer(const Config& config, std::string_view offer);

  /// The answer, candidates included.
  const std::string& sdp() const;

  /// Takes the candidates of an SDP fragment (trickle.hpp). Any thread; after too many of them the rest is left out.
  Result<void> trickle(std::string_view fragment);

  /// Asks the sender for a key frame (RTCP PLI). Any thread; not rate limited here.
  void request_keyframe();

  /// CLOCK_MONOTONIC of the newest RTP packet, 0 before the first. Any thread.
  std::int64_t last_packet_ns() const noexcept;

  struct State;  // opaque: defined in whip_session.cpp

 private:
  std::shared_ptr<State> state_;
};

/// Initialises GStreamer once per process and checks that every element we need is installed; throws std::runtime_error
/// with the Debian package to install if not.
void start_gstreamer();

}  // namespace unavoce::recorder
