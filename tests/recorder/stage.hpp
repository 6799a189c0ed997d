// What a recorder test needs around it: a blob store in a temporary folder, a recorder, a gate, and events to wait for.
// Owner: the test. Thread: the test's; events come from the recorder's threads. Errors: std::runtime_error, the test
// fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <variant>
#include <vector>

#include "consent/gate.hpp"
#include "crypto/x25519.hpp"
#include "publisher.hpp"
#include "recorder/recorder.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Events as they come; `await<E>` takes the oldest one of a type and leaves the others. `limit`: of an ordinary build.
class Events {
 public:
  void add(Event event);
  template <class E>
  E await(std::chrono::milliseconds limit = std::chrono::seconds(15)) {
    std::unique_lock lock(mutex_);
    auto found = events_.end();
    const bool came = changed_.wait_for(lock, testing::patience(limit), [&] {
      found = std::find_if(events_.begin(), events_.end(), [](const Event& e) { return std::holds_alternative<E>(e); });
      return found != events_.end();
    });
    if (!came) throw std::runtime_error(std::string("an event did not come: ") + typeid(E).name());
    const E event = std::get<E>(*found);
    events_.erase(found);
    return event;
  }
  template <class E>
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    std::size_t n = 0;
    for (const Event& event : events_) n += std::holds_alternative<E>(event) ? 1 : 0;
    return n;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
};

/// One participant: a consent key and an approval id.
struct Person {
  crypto::Identity identity = crypto::Identity::generate();
  consent::StatementId approval = consent::StatementId::random();
  std::string publisher = consent::ParticipantId::random().hex();
  TrackOrder order(consent::Scope kinds) const { return {approval, publisher, identity.recipient(), kinds}; }
};

inline constexpr consent::Scope both{consent::Kind::audio, consent::Kind::video};

/// Recorder, store and gate. Loopback only, 50 ms of jitter buffer in an ordinary build.
class Stage {
 public:
  explicit Stage(Config config = loopback());
  static Config loopback();

  /// A publisher whose media has arrived; its session's resource in `resource`.
  std::unique_ptr<Publisher> join(const Person& person, const PublisherOptions& options = {},
                                  consent::Scope allowed = both, PublishKind kind = PublishKind::camera);
  Result<Answer> publish(const std::string& publisher, const std::string& offer, consent::Scope allowed,
                         PublishKind kind = PublishKind::camera);

  std::vector<PreparedTrack> prepare(std::vector<TrackOrder> tracks);
  consent::Permit open(const std::vector<consent::Granted>& roster);
  void close();
  std::vector<SealedTrackFile> end();
  std::vector<std::string> abort(const consent::StatementId& approval);

  /// Names in the recording's folder; none if there is none.
  std::vector<std::string> files();
  std::filesystem::path path_of(const std::string& name) const;
  /// The whole plaintext of a finished file.
  std::vector<std::uint8_t> opened(const std::string& name, const Person& person) const;

  TempFolder folder;
  Events events;
  storage::BlobStore blobs;
  consent::Gate gate;
  consent::RecordingId recording = consent::RecordingId::random();
  std::uint32_t take = 1;
  std::string resource;
  std::string answer;  ///< SDP of the last one who joined
  std::unique_ptr<Recorder> recorder;
};

/// Waits until `done` holds, looking every few milliseconds at something that has no event (a publisher's counters).
/// `limit`: of an ordinary build.
void await(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20));

/// Runs a program, gives what it printed (both streams); throws if it failed.
std::string run(const std::string& command);
std::vector<std::uint8_t> read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);

}  // namespace unavoce::recorder::test
