// How much the depayloaders of one session hold of frames that are not finished: the one thing in their memory that its
// sender chooses. A frame without an end is collected for ever (rtpvp8depay, rtpvp9depay: until a marker, whatever the
// timestamps; rtph264depay: until another picture's first slice, losses or not).
// Owner: the WHIP session, shared with its branches. Thread: any; each Unfinished on its branch's. Errors: `add` says
// when it is too much; the session then ends.
#pragma once

#include <atomic>
#include <cstddef>

namespace unavoce::recorder {

/// Of all streams of one session together: no picture of a conference comes near it.
inline constexpr std::size_t max_unfinished_bytes = std::size_t{8} << 20;

/// What a packet, or a unit in it, costs besides its bytes: without that, tiny ones cost many times what they weigh.
inline constexpr std::size_t unfinished_piece_bytes = 512;

class UnfinishedTotal {
 public:
  std::size_t add(std::size_t bytes) { return bytes_.fetch_add(bytes) + bytes; }
  void give_back(std::size_t bytes) { bytes_.fetch_sub(bytes); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::atomic<std::size_t> bytes_{0};
};

enum class Holds { bearable, too_much };

/// One stream's part of it.
class Unfinished {
 public:
  /// A packet goes into the depayloader, in so many pieces.
  Holds add(UnfinishedTotal& total, std::size_t payload_bytes, std::size_t pieces) {
    const std::size_t bytes = payload_bytes + pieces * unfinished_piece_bytes;
    bytes_ += bytes;
    return total.add(bytes) > max_unfinished_bytes ? Holds::too_much : Holds::bearable;
  }

  /// A frame came out, or the depayloader dropped what it had.
  void clear(UnfinishedTotal& total) {
    total.give_back(bytes_);
    bytes_ = 0;
  }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace unavoce::recorder
