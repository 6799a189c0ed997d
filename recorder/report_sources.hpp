// How many sources a session's reports (RTCP, RFC 3550 section 6) name as their own: rtpbin, its session and libsrtp
// keep something of each for as long as the session lasts, and a sender invents as many as it likes. Owner: the WHIP
// session. Thread: any (several transports, several threads). Errors: `add` says what is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder {

enum class Reports { bearable, too_many_sources, malformed };

class ReportSources {
 public:
  static constexpr std::size_t max_sources = 16;  ///< twice what may send media

  /// A compound packet arrives. `malformed`: it is no RTCP, and nothing of it counts.
  Reports add(GstBuffer* packet);

 private:
  std::mutex mutex_;  // leaf lock
  std::set<std::uint32_t> known_;
};

}  // namespace unavoce::recorder
