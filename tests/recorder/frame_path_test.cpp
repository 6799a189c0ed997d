// The frame path, proved with numbered frames that are put in right below the ingest: every frame that the permit
// admits is in the file, and no other. Fails when the check in TrackWriter::admits is taken out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <random>

#include "consent/gate.hpp"
#include "crypto/age.hpp"
#include "numbered_frames.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/port.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t ms = 1'000'000;

/// A port with one writer behind it, no GStreamer.
struct Bench {
  TempFolder folder;
  storage::BlobStore blobs = std::move(storage::BlobStore::open(folder.path() / "blobs").value());
  Config config = [] {
    Config c;
    c.latency = 50ms;
    c.header_wait = 10s;
    return c;
  }();
  Events events;
  Person person;
  consent::RecordingId recording = consent::RecordingId::random();
  std::atomic<int> keyframes_wanted{0};
  Port port{[this] { ++keyframes_wanted; }};
  std::shared_ptr<TrackWriter> writer;
  PreparedTrack prepared;
  consent::Gate gate;
  std::uint64_t last_source = 1;

  explicit Bench(consent::Scope kinds = both) {
    port.connect(1, Codec::opus, Codec::vp8);
    writer = std::make_shared<TrackWriter>(
        blobs, config,
        WriterOrder{recording, 1, person.approval, person.identity.recipient(), kinds,
                    std::make_shared<std::atomic<std::uint32_t>>(0)},
        MediaSource{[this](Stream s) { return port.publishes(s); }, [this] { port.want_keyframe(); }},
        [this](Event event) { events.add(std::move(event)); });
    prepared = writer->prepare().value();
  }

  void open(consent::Scope granted, std::int64_t at_ns) {
    writer->start(gate.open(recording, 1, {{person.approval, granted}}, at_ns));
    port.attach(writer);
  }
  void deliver(Frame frame, std::uint64_t source = 1) {
    last_source = frame.source = source;
    port.deliver(std::move(frame));
  }
  /// Ends the take. One frame of each stream from long after the closing says that everything before has come through.
  std::vector<SealedTrackFile> finish() {
    const std::int64_t later_ns = monotonic_ns() + 3600 * std::int64_t{1000} * ms;
    deliver(numbered_frame(Stream::audio, 999'999, FrameType::key, later_ns, later_ns), last_source);
    deliver(numbered_frame(Stream::video, 999'999, FrameType::key, later_ns, later_ns), last_source);
    std::promise<Result<std::vector<SealedTrackFile>>> done;
    writer->finish([&](auto files) { done.set_value(std::move(files)); });
    return done.get_future().get().value();
  }
  std::set<FrameName> written(const SealedTrackFile& file) {
    if (file.empty) return {};
    const auto sealed = read_file(folder.path() / "blobs" / recording.hex() / file.name);
    const auto plain = crypto::open(sealed, std::span(&person.identity, 1));
    const auto view = plain.value().view();
    return frames_in({view.begin(), view.end()});
  }
};

/// A random meeting of one person: frames with random arrivals, delivered a jitter buffer's latency later, and a gate
/// that opens and closes somewhere in between.
struct Script {
  struct Planned {
    FrameName name;
    FrameType type;
    std::int64_t first_ns, last_ns;
  };
  std::vector<Planned> frames;  // by delivery
  std::int64_t open_ns = 0, close_ns = 0, latency_ns = 0;
  consent::Scope granted;

  explicit Script(std::mt19937& random) {
    const auto pick = [&](std::int64_t low, std::int64_t high) {
      return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    const std::int64_t start_ns = monotonic_ns();
    latency_ns = pick(0, 200) * ms;
    open_ns = start_ns + pick(-50, 700) * ms;
    close_ns = open_ns + pick(0, 900) * ms;
    granted = std::array{both, consent::Scope{consent::Kind::audio},
                         consent::Scope{consent::Kind::video}}[static_cast<std::size_t>(pick(0, 2))];
    for (int i = 0; i < 60; ++i) {
      const std::int64_t video_ns = start_ns + i * 33 * ms + pick(0, 5) * ms;
      frames.push_back({{Stream::video, i},
                        pick(0, 9) == 0 ? FrameType::key : FrameType::delta,
                        video_ns,
                        video_ns + pick(0, 25) * ms});
      const std::int64_t audio_ns = start_ns + i * 20 * ms + pick(0, 3) * ms;
      frames.push_back({{Stream::audio, i}, FrameType::key, audio_ns, audio_ns});
    }
    // A jitter buffer keeps each stream in order.
    std::stable_sort(frames.begin(), frames.end(), [](const Planned& a, const Planned& b) {
      return a.name.first == b.name.first ? a.name.second < b.name.second : a.last_ns < b.last_ns;
    });
  }

  std::set<FrameName> expected() const {
    std::set<FrameName> expected;
    bool keyed = false;
    for (const Planned& frame : frames) {
      const bool video = frame.name.first == Stream::video;
      const bool inside = frame.first_ns >= open_ns && frame.last_ns <= close_ns;
      if (!inside || !granted.contains(video ? consent::Kind::video : consent::Kind::audio)) continue;
      keyed = keyed || (video && frame.type == FrameType::key);
      if (!video || keyed) expected.insert(frame.name);
    }
    return expected;
  }

  void play(Bench& bench) const {
    enum class Gate { before, open, closed } gate = Gate::before;
    const auto until = [&](std::int64_t now_ns) {
      if (gate == Gate::before && open_ns <= now_ns) {
        bench.open(granted, open_ns);
        gate = Gate::open;
      }
      if (gate == Gate::open && close_ns <= now_ns) {
        bench.gate.close(close_ns);
        gate = Gate::closed;
      }
    };
    for (const Planned& frame : frames) {
      until(frame.last_ns + latency_ns);
      bench.deliver(numbered_frame(frame.name.first, frame.name.second, frame.type, frame.first_ns, frame.last_ns));
    }
    until(INT64_MAX);
  }
};

}  // namespace

TEST_CASE("exactly the frames that arrived inside the permit are written, whatever the jitter buffer does") {
  const auto seed = GENERATE(range(1u, 61u));
  std::mt19937 random(seed);
  const Script script(random);
  Bench bench;
  script.play(bench);
  const auto files = bench.finish();
  REQUIRE(files.size() == 1);
  const auto written = bench.written(files[0]);
  const auto expected = script.expected();
  INFO("seed " << seed << "\nwritten " << names(written) << "\nexpected" << names(expected));
  CHECK(written == expected);
  CHECK(files[0].frames_audio + files[0].frames_video == expected.size());
  CHECK(files[0].empty == expected.empty());
}

TEST_CASE("a kind that is taken back while frames wait in the queue is not written any more") {
  Bench bench;
  const std::int64_t t = monotonic_ns();
  bench.open(both, t);
  bench.deliver(numbered_frame(Stream::audio, 1, FrameType::key, t, t));
  // No video yet: the file waits for its streams, and audio 1 with it.
  bench.gate.revoke(bench.person.approval, {consent::Kind::audio});
  bench.deliver(numbered_frame(Stream::audio, 2, FrameType::key, t + ms, t + ms));
  bench.deliver(numbered_frame(Stream::video, 1, FrameType::key, t + 2 * ms, t + 2 * ms));
  bench.gate.close(t + 5 * ms);
  const auto files = bench.finish();
  CHECK(bench.written(files.at(0)) == std::set<FrameName>{{Stream::video, 1}});
}

TEST_CASE("a publisher that reconnects in a take goes on with a key frame; frames of the old session are dropped") {
  Bench bench;
  const std::int64_t t = monotonic_ns();
  const auto video = [&](int number, FrameType type) {
    return numbered_frame(Stream::video, number, type, t + number * ms, t + number * ms);
  };
  bench.open(both, t);
  bench.deliver(video(1, FrameType::key));
  bench.deliver(video(2, FrameType::delta));
  bench.port.connect(2, std::nullopt, Codec::vp8);
  bench.deliver(video(3, FrameType::delta), 1);
  bench.deliver(video(4, FrameType::delta), 2);
  bench.deliver(video(5, FrameType::key), 2);
  bench.deliver(video(6, FrameType::delta), 2);
  bench.gate.close(t + 9 * ms);
  const auto files = bench.finish();
  CHECK(bench.written(files.at(0)) ==
        std::set<FrameName>{{Stream::video, 1}, {Stream::video, 2}, {Stream::video, 5}, {Stream::video, 6}});
  CHECK(bench.keyframes_wanted > 0);
}

TEST_CASE("a full queue drops video until the next key frame, and counts") {
  Inbox inbox(3, 1 << 20);
  const auto video = [](int number, FrameType type) {
    return numbered_frame(Stream::video, number, type, number, number);
  };
  CHECK(inbox.push(video(1, FrameType::key)) == Pushed::queued);
  CHECK(inbox.push(video(2, FrameType::delta)) == Pushed::queued);
  CHECK(inbox.push(video(3, FrameType::delta)) == Pushed::queued);
  CHECK(inbox.push(video(4, FrameType::delta)) == Pushed::dropped);
  const auto first = inbox.take(std::chrono::steady_clock::now());
  CHECK(first.frames.size() == 3);
  CHECK(first.dropped == 1);
  CHECK(inbox.push(video(5, FrameType::delta)) == Pushed::dropped);
  CHECK(inbox.push(numbered_frame(Stream::audio, 1, FrameType::key, 1, 1)) == Pushed::queued);
  CHECK(inbox.push(video(6, FrameType::key)) == Pushed::queued);
  const auto rest = inbox.take(std::chrono::steady_clock::now());
  CHECK(rest.frames.size() == 2);
  CHECK(rest.dropped == 1);
}

TEST_CASE("a queue is bounded in bytes too") {
  Inbox inbox(1000, 64);
  CHECK(inbox.push(numbered_frame(Stream::audio, 1, FrameType::key, 1, 1)) == Pushed::queued);
  CHECK(inbox.push(numbered_frame(Stream::audio, 2, FrameType::key, 1, 1)) == Pushed::queued);
  CHECK(inbox.push(numbered_frame(Stream::audio, 3, FrameType::key, 1, 1)) == Pushed::dropped);
}
