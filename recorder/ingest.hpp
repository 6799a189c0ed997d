// All WHIP sessions of the recorder: who publishes, since when, and when they are gone.
// Owner: Recorder. Thread: methods from anywhere, none blocks; sessions go up and down on the work queue; one watch
// thread looks after silence and key frame requests. Errors: through `publish`'s callback; later ones end the session
// alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "recorder/config.hpp"
#include "recorder/error.hpp"
#include "recorder/event.hpp"
#include "recorder/port.hpp"
#include "recorder/publish.hpp"
#include "recorder/whip_session.hpp"
#include "recorder/work_queue.hpp"

namespace unavoce::recorder {

class Ingest {
 public:
  using EventSink = std::function<void(Event)>;
  /// Called on the work queue when a publisher has been answered; takes use it for screens that appear later.
  using Appeared = std::function<void(const std::string& publisher, PublishKind kind)>;

  Ingest(const Config& config, WorkQueue& work, EventSink events, Appeared appeared);
  /// After stop() and after the work queue has ended: jobs point here.
  ~Ingest() = default;
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  void publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
               std::function<void(Result<Answer>)> done);
  void trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done);
  void unpublish(std::string resource);

  /// Ends all sessions; nothing is posted afterwards. Blocks.
  void stop();

  /// The port of a publisher, made when it does not exist yet.
  std::shared_ptr<Port> port(const std::string& publisher, PublishKind kind);

 private:
  struct Session {
    std::string publisher;
    PublishKind kind = PublishKind::camera;
    std::uint64_t source = 0;
    std::int64_t answered_ns = 0;
    std::shared_ptr<Port> port;
    std::shared_ptr<WhipSession> whip;
  };

  Result<Answer> answer(const std::string& publisher, PublishKind kind, consent::Scope allowed,
                        const std::string& offer);
  SessionHooks hooks(const std::string& publisher, PublishKind kind, const std::string& resource, std::uint64_t source,
                     const std::shared_ptr<Port>& port);
  void keep(const std::string& resource, Session session);
  void end(const std::string& resource, Ending ending, const std::string& reason);
  void watch(const std::stop_token& stop);
  void look_after(const std::string& resource, const Session& session, std::int64_t now_ns);

  const Config& config_;
  WorkQueue& work_;
  const EventSink events_;
  const Appeared appeared_;
  std::mutex mutex_;  // before Port's; never held while a pipeline is touched
  std::condition_variable_any wake_;
  bool woken_ = false;
  std::size_t answering_ = 0;
  std::uint64_t next_source_ = 1;
  std::map<std::string, Session> sessions_;  // by resource
  std::map<std::pair<std::string, PublishKind>, std::shared_ptr<Port>> ports_;
  std::jthread watch_thread_;  // last: uses the rest
};

}  // namespace unavoce::recorder
