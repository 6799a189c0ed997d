// A sender whose reports (RTCP) name source after source that sends nothing: to a receiver each is a new one.
// Owner: the publisher, shared with its probe. Thread: `wanted` and `sent` anywhere, the rest on the session's RTCP
// thread.
#pragma once

#include <atomic>
#include <memory>

#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder::test {

struct InventedReports {
  std::atomic<int> wanted{0};
  std::atomic<int> sent{0};
  bool is_sending = false;

  /// After the answer was accepted. The copies follow the next report that is due, within some seconds.
  static void attach(const std::shared_ptr<InventedReports>& reports, GstElement* webrtc);
};

}  // namespace unavoce::recorder::test
