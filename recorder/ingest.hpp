// All WHIP sessions of the recorder: who publishes, since when, and when they are gone.
// Owner: Recorder. Thread: methods from anywhere, none blocks; sessions go up on the queue for answers, where a
// pipeline may hang for seconds, and down on the one for ends, which so waits for no offer; one watch thread looks
// after silence and key frame requests, and nobody waits for it, as pipelines may hang there, too. Streaming threads
// get into `wake` and WorkQueue::post, whose mutexes are leaves, and never wait for `mutex_`. Errors: through
// `publish`'s callback; later ones end the session alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  /// Called on the queue for answers when a publisher has been answered; must not block. Takes use it for screens that
  /// appear later.
  using Appeared = std::function<void(const std::string& publisher, PublishKind kind)>;

  Ingest(const Config& config, WorkQueue& answers, WorkQueue& ends, EventSink events, Appeared appeared);
  /// After stop() and after both work queues have ended: jobs point here.
  ~Ingest() = default;
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Answers of one publisher that may be under way at once, a camera's and a screen's.
  static constexpr unsigned max_answering_each = 2;

  void publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
               std::function<void(Result<Answer>)> done);
  void trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done);
  void unpublish(std::string resource);

  /// Ends all sessions and lets no other begin: an answer that is still under way ends its session itself. Blocks.
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

  /// What was asked for by one offer.
  struct Asked {
    std::string publisher;
    PublishKind kind = PublishKind::camera;
    consent::Scope allowed;
    std::string offer;
    std::uint64_t source = 0;  ///< counts up with the offers: the newest of a publisher and kind stays
  };

  std::optional<Error> refusal(const std::string& publisher);  // under mutex_
  void answered(const std::string& publisher);
  Result<Answer> answer(const Asked& asked);
  SessionHooks hooks(const std::string& publisher, PublishKind kind, const std::string& resource, std::uint64_t source,
                     const std::shared_ptr<Port>& port);
  Result<void> keep(const std::string& resource, Session session, const OfferPlan& plan);
  void wake();
  void end(const std::string& resource, Ending ending, const std::string& reason);
  void watch(const std::stop_token& stop);
  void look_after(const std::string& resource, const Session& session, std::int64_t now_ns);
  void let_go(std::map<std::string, Session> copies);

  const Config& config_;
  const std::size_t max_publishers_;
  WorkQueue& answers_;
  WorkQueue& ends_;
  const EventSink events_;
  const Appeared appeared_;
  std::mutex wake_mutex_;  // leaf lock; streaming threads take it
  std::condition_variable_any wake_;
  bool woken_ = false;
  std::mutex mutex_;  // before Port's; never held while a pipeline is touched
  bool stopped_ = false;
  std::size_t answering_ = 0;
  std::map<std::string, unsigned> answering_each_;  // by publisher
  std::uint64_t next_source_ = 1;
  std::map<std::string, Session> sessions_;  // by resource
  std::map<std::pair<std::string, PublishKind>, std::shared_ptr<Port>> ports_;
  std::jthread watch_thread_;  // last: uses the rest
};

}  // namespace unavoce::recorder
