// How many threads a publisher may cost, so that whoever starts the service can tell how many publishers fit: GLib ends
// the whole process when it cannot have one. Measured with GStreamer 1.22; tests/recorder/threads_test.cpp looks again.
#pragma once

#include <cstdint>

namespace unavoce::recorder {

/// Of a webrtcbin: its own two and four for its transport, of which it has one (whip_session.cpp).
inline constexpr std::uint64_t threads_for_each_connection = 6;
/// Of a jitter buffer: rtpbin makes one for each source, whatever it sends, up to `max_streams` of them.
inline constexpr std::uint64_t threads_for_each_source = 2;
inline constexpr unsigned max_streams = 16;
/// A track's, and that of the next take while the last one ends.
inline constexpr std::uint64_t threads_for_writing = 2;

/// What ends is not gone at once, and GLib's pool takes a thread now and then.
inline constexpr std::uint64_t threads_to_spare = 4;

/// An honest camera has twelve of these.
inline constexpr std::uint64_t threads_for_each_publisher =
    threads_for_each_connection + max_streams * threads_for_each_source + threads_for_writing + threads_to_spare;

/// The recorder's own: its queues, up to 32 for pipelines while some hang, offers that are being answered, and what a
/// process needs once for GStreamer.
inline constexpr std::uint64_t threads_for_the_recorder = 64;

}  // namespace unavoce::recorder
