// Which sources (SSRC, CSRC) a session's packets name in the clear, before they are decrypted: srtpdec makes a stream
// of each before it knows whether the packet is genuine, rtpbin's session keeps another, and both for as long as the
// session lasts. Owner: the WHIP session. Thread: any. Errors: none; what is not admitted is to be dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder {

/// What becomes of a datagram.
enum class Admitted {
  yes,
  too_many_sources,  ///< it names one too many
  unclear            ///< it is no packet of which it can be said with certainty whom it names
};

class WireSources {
 public:
  /// Three times what an honest sender has. Bounds what anybody can cost who sends to the port; whoever is genuine, and
  /// sends what was accepted from too many sources, is ended before (PacketLog, ReportSources).
  static constexpr std::size_t max_sources = 32;

  /// A datagram as it arrives (RFC 7983). Clear is SRTP (RFC 3711) of a payload type that RFC 5761 section 4 leaves to
  /// RTP, and SRTCP that begins with a report, feedback, a farewell or APP. What is neither kind (DTLS) is admitted.
  Admitted add(GstBuffer* datagram);

 private:
  std::mutex mutex_;  // leaf lock
  std::set<std::uint32_t> known_;
};

}  // namespace unavoce::recorder
