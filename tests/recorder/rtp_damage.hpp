// Damages a publisher's RTP packets between payloader and encryption, as a broken or hostile sender would send them.
// Owner: the publisher, shared with its probe. Thread: `kind` from any, the rest on the payloader's.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <random>

#include "publisher.hpp"
#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder::test {

struct RtpDamage {
  std::atomic<Damage> kind{Damage::none};
  std::mt19937 random{4711};
  bool begun = false;  // the picture that never ends
  guint32 contributor = 0;
  std::optional<guint16> number;  // of the next packet, once there are more than the payloader made
  guint32 packets = 0;            // that came from other sources
  bool is_sending = false;        // such packets come by here as well

  /// Looks at every packet behind this element; nothing if there is none of that name.
  static void attach(const std::shared_ptr<RtpDamage>& damage, GstElement* pipeline, const char* payloader);
};

}  // namespace unavoce::recorder::test
