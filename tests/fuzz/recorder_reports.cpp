// A datagram as a publisher sends it, and a report (RTCP) behind its encryption: no crash, and the same answer when it
// comes again.
#include <gst/gst.h>

#include "recorder/report_sources.hpp"
#include "recorder/wire_sources.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce::recorder;
  static const bool is_ready = (gst_init(nullptr, nullptr), true);
  require(is_ready);
  GstBuffer* packet = size == 0 ? gst_buffer_new() : gst_buffer_new_memdup(bytes, size);
  ReportSources sources;
  const Reports first = sources.add(packet);
  require(sources.add(packet) == first);
  WireSources wire;
  const Admitted admitted = wire.add(packet);
  require(wire.add(packet) == admitted);
  gst_buffer_unref(packet);
  return 0;
}
