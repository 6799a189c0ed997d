// When the packets of a frame arrived: what the permit is asked about (DESIGN 5).
// Owner: a media branch. Thread: one. Errors: none; where it is unclear to which frame a packet belongs, the frame gets
// the wider span: rather a frame too few at the edge of a take than one that arrived outside of it.
//
// Depayloaders push a frame out from within the call that brought its last packet, if that packet has the marker bit.
// Without it (lost, or never set) some of them push it when the next frame's first packet comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace unavoce::recorder {

class FrameArrivals {
 public:
  struct Span {
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
  };
  enum class Marker { absent, present };

  /// Another source, or a depayloader that holds nothing: what is known belongs to no frame that still comes out.
  void restart() { *this = FrameArrivals(); }

  /// A packet goes into the depayloader; packets of one frame have the same RTP timestamp. An unknown arrival (0) makes
  /// the whole frame one that arrived before any permit: it is not written.
  void packet(std::uint32_t timestamp, Marker marker, std::int64_t arrival_ns) {
    if (!started_ || timestamp != timestamp_) {
      note_unfinished();
      current_ = {arrival_ns, arrival_ns};
      started_ = true;
      pushed_ = complete_ = false;
      timestamp_ = timestamp;
    } else {
      current_ = widened(current_, {arrival_ns, arrival_ns});
    }
    complete_ = complete_ || marker == Marker::present;
  }

  /// A frame came out, within the latest packet's call.
  Span frame() {
    if (!previous_) {
      pushed_ = true;
      return current_;
    }
    // The one before, late; or this one, and the one before was never completed.
    const Span span = widened(*previous_, current_);
    previous_.reset();
    pushed_ = complete_;
    return span;
  }

  /// What came before the latest packet's timestamp is certainly not in any frame that still comes out.
  void drop_before() { previous_.reset(); }

  /// Nor is anything that came with this timestamp, now or later.
  void drop() {
    drop_before();
    pushed_ = true;
  }

 private:
  /// The timestamp's frame has not come out, and another timestamp begins. What is before it may be in that frame, too:
  /// a depayloader goes on with a frame that has no marker, whatever the timestamps, until another one's start.
  void note_unfinished() {
    if (!started_ || pushed_) {
      previous_.reset();
    } else {
      previous_ = previous_ ? widened(*previous_, current_) : current_;
    }
  }

  static Span widened(const Span& a, const Span& b) {
    return {std::min(a.first_ns, b.first_ns), std::max(a.last_ns, b.last_ns)};
  }

  bool started_ = false;
  bool pushed_ = false;    // the frame of this timestamp came out, or never will
  bool complete_ = false;  // its marker bit was seen
  std::uint32_t timestamp_ = 0;
  Span current_;
  std::optional<Span> previous_;  // of the timestamps before whose frames have not come out
};

}  // namespace unavoce::recorder
