// Settings of the recorder: where it listens for media, how long it waits, how much it holds in memory.
// Owner: a value, fixed for the life of a Recorder. The defaults suit a server on the internet; tests change addresses
// and latency.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace unavoce::recorder {

/// What a Recorder is made with.
struct Config {
  /// Local addresses that media is received on, each added to ICE by name. Loopback must be named here too: libnice
  /// never gathers it by itself. Empty: whatever libnice finds.
  std::vector<std::string> addresses;
  /// Addresses that the answer shows besides the local ones, for a machine behind 1:1 NAT.
  std::vector<std::string> public_addresses;
  /// UDP ports for media, both included; one port per publisher, so that no more publish at the same time than there
  /// are. 0 and 0: any.
  std::uint16_t min_port = 0;
  std::uint16_t max_port = 0;

  /// Jitter buffer. 200 ms with NACK survives 5 % loss without a gap, 50 ms suits loopback, 0 loses packets even there.
  std::chrono::milliseconds latency{200};
  /// A publisher that sent no RTP packet for so long is gone (a killed tab shows nothing else for 10 to 16 s).
  /// Looked at every 200 ms, so that it is known within 3 s.
  std::chrono::milliseconds silence{2500};
  /// A publisher from whom no packet ever came within this time after the answer is gone.
  std::chrono::milliseconds connect_timeout{15000};
  /// Publishers at the same time, over all sessions of this recorder; more are refused as `busy`.
  std::size_t max_publishers = 200;
  /// What one session may send in a second, averaged over a few (media_pace.hpp); beyond, it ends.
  std::uint64_t max_bytes_per_second = 2'500'000;
  /// A pipeline that is asked for something, or told to end, and does not come to it within this time is told as one
  /// that hangs. Until it is gone it counts as a publisher: its port and its threads are still there.
  std::chrono::milliseconds pipeline_patience{2000};
  /// How long the end of the recorder waits for pipelines that go down; those that hang are left behind. Less than what
  /// the service gives its whole stop (server/stop_deadline.hpp).
  std::chrono::milliseconds stop_limit{6000};

  /// The tail file and so the media on disk is never older than this.
  std::chrono::milliseconds tail_interval{500};
  /// How long a file waits for the first key frame, and for the second stream if two are published, before its header.
  std::chrono::milliseconds header_wait{2000};
  /// Smallest pause between two key frame requests for one stream.
  std::chrono::milliseconds keyframe_pause{300};
  /// Frames and bytes a track's queue holds before it drops until the next key frame.
  std::size_t queue_frames = 2048;
  std::size_t queue_bytes = std::size_t{32} << 20;
};

/// How many may publish at the same time: `max_publishers`, or fewer where there are fewer ports for them.
inline std::size_t publishers_that_fit(const Config& config) {
  if (config.max_port == 0) return config.max_publishers;
  return std::min(config.max_publishers, std::size_t{config.max_port} - config.min_port + 1);
}

}  // namespace unavoce::recorder
