// What recording costs: N participants publish 300 kbit/s of VP8 and 32 kbit/s of Opus over loopback, and meetings of
// six, as many as the service lets in, are recorded side by side. The publishers run in a process of their own, so that
// only the recorder is measured. Prints one line of JSON. Called by scripts/bench: recorder_bench PARTICIPANTS SECONDS
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "publisher.hpp"
#include "recorder/monotonic.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

/// A pipe with length-prefixed texts.
struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    read_end = ends[0], write_end = ends[1];
  }
  void send(const std::string& text) const {
    const std::uint64_t size = text.size();
    if (write(write_end, &size, sizeof size) != sizeof size ||
        write(write_end, text.data(), size) != static_cast<ssize_t>(size))
      throw std::runtime_error("write");
  }
  std::string receive() const {
    std::uint64_t size = 0;
    if (read(read_end, &size, sizeof size) != sizeof size) throw std::runtime_error("the other side is gone");
    std::string text(size, ' ');
    for (std::size_t got = 0; got < size;) {
      const ssize_t some = read(read_end, text.data() + got, size - got);
      if (some <= 0) throw std::runtime_error("read");
      got += static_cast<std::size_t>(some);
    }
    return text;
  }
};

[[noreturn]] void publish_from_here(const Pipe& to_recorder, const Pipe& to_publishers, std::size_t participants) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a recorder that failed says nothing more
  PublisherOptions options;
  options.frames = Frames::numbered;
  options.video_padding_bytes = 1150;
  options.audio_padding_bytes = 60;
  std::vector<std::unique_ptr<Publisher>> all;
  for (std::size_t i = 0; i < participants; ++i) {
    all.push_back(std::make_unique<Publisher>(options));
    to_recorder.send(all.back()->offer());
    all.back()->accept(to_publishers.receive());
  }
  (void)to_publishers.receive();  // until it is over
  _exit(0);
}

struct Used {
  double cpu_s, wall_s;
};
Used used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), std::chrono::duration<double>(wall).count()};
}

/// Cores in use over the next `length`.
double cores_over(std::chrono::seconds length) {
  const Used before = used();
  std::this_thread::sleep_for(length);
  const Used after = used();
  return (after.cpu_s - before.cpu_s) / (after.wall_s - before.wall_s);
}

std::uint64_t status(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) return std::stoull(line.substr(field.size() + 1));
  }
  return 0;
}

/// As many as a meeting takes, recorded together.
constexpr std::size_t people_each = 6;

struct Meeting {
  explicit Meeting(Stage& on) : stage(on) {}
  void open() {
    const auto prepared = stage.recorder->prepare_take({recording, 1, orders});
    if (!prepared) throw std::runtime_error(prepared.error().text);
    stage.recorder->start_take(gate.open(recording, 1, roster, monotonic_ns()));
  }
  std::vector<SealedTrackFile> end() {
    gate.close(monotonic_ns);
    std::promise<Result<std::vector<SealedTrackFile>>> ended;
    stage.recorder->end_take(recording, 1, [&](auto files) { ended.set_value(std::move(files)); });
    return ended.get_future().get().value();
  }

  Stage& stage;
  consent::RecordingId recording = consent::RecordingId::random();
  consent::Gate gate;
  std::vector<TrackOrder> orders;
  std::vector<consent::Granted> roster;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("recorder_bench PARTICIPANTS SECONDS\n", stderr), 2;
  const auto participants = static_cast<std::size_t>(std::atoi(argv[1]));
  const std::chrono::seconds length(std::atoi(argv[2]));
  const Pipe to_recorder, to_publishers;
  const pid_t publishers = fork();  // before any thread exists
  if (publishers == 0) publish_from_here(to_recorder, to_publishers, participants);

  Stage stage;
  const auto empty_kib = status("VmRSS");
  const auto empty_threads = status("Threads");
  std::vector<Person> people(participants);
  std::deque<Meeting> meetings;
  for (const Person& person : people) {
    const auto answer = stage.publish(person.publisher, to_recorder.receive(), both);
    if (!answer) return std::fprintf(stderr, "%s\n", answer.error().text.c_str()), 1;
    to_publishers.send(answer.value().sdp);
    stage.events.await<PublisherConnected>(std::chrono::seconds(30));
    if (meetings.empty() || meetings.back().orders.size() == people_each) meetings.emplace_back(stage);
    meetings.back().orders.push_back(person.order(both));
    meetings.back().roster.push_back({person.approval, both});
  }
  const double receiving = cores_over(length);
  for (Meeting& meeting : meetings) meeting.open();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const double recording = cores_over(length);
  const auto kib = status("VmRSS");
  const auto threads = status("Threads");
  std::uint64_t frames = 0, dropped = 0, bytes = 0;
  for (Meeting& meeting : meetings) {
    for (const auto& file : meeting.end())
      frames += file.frames_audio + file.frames_video, dropped += file.dropped, bytes += file.size_bytes;
  }
  const auto n = static_cast<double>(participants);
  std::printf(
      "{\"participants\":%zu,\"cpu_receiving\":%.4f,\"cpu_recording\":%.4f,\"memory_mib\":%.2f,\"threads\":%.1f,"
      "\"frames\":%llu,\"dropped\":%llu,\"bytes\":%llu}\n",
      participants, receiving / n, recording / n, static_cast<double>(kib - empty_kib) / 1024 / n,
      static_cast<double>(threads - empty_threads) / n, static_cast<unsigned long long>(frames),
      static_cast<unsigned long long>(dropped), static_cast<unsigned long long>(bytes));
  to_publishers.send("over");
  int result = 0;
  waitpid(publishers, &result, 0);
}
