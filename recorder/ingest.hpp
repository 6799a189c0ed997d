// All WHIP sessions of the recorder: who publishes, since when, and when they are gone.
// Owner: Recorder. Thread: methods from anywhere, none blocks; sessions go up on the queue for answers, where a
// pipeline may hang for seconds; they end, and offers are refused, on the one for ends, which touches no pipeline and
// so waits for none; pipelines go down, and are asked for key frames, on a PipelineQueue, where each may hang for
// itself. One watch thread looks after silence and key frames, and rests in between. Streaming threads get into `wake`,
// events and WorkQueue::post by way of `line_` and never wait for `mutex_`. Errors: through `publish`'s callback; later
// ones end the session alone.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "recorder/config.hpp"
#include "recorder/error.hpp"
#include "recorder/event.hpp"
#include "recorder/pipeline_queue.hpp"
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

  Ingest(const Config& config, WorkQueue& answers, WorkQueue& ends, PipelineQueue& pipelines, EventSink events,
         Appeared appeared);
  /// After stop() and after both work queues have ended: jobs point here. What is left in `pipelines` does not.
  ~Ingest() = default;
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Answers of one publisher that may be under way at once, a camera's and a screen's.
  static constexpr unsigned max_answering_each = 2;
  /// Fragments with candidates that one session may have under way at once; more are refused as `busy`.
  static constexpr unsigned max_trickling_each = 16;

  void publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
               std::function<void(Result<Answer>)> done);
  using TrickleDone = std::function<void(Result<void>)>;
  /// `done` is called once the candidates are taken, or when the session ends before: as `not_found`.
  void trickle(std::string resource, std::string fragment, TrickleDone done);
  void unpublish(std::string resource);

  /// Ends all sessions and lets no other begin: an answer that is still under way ends its session itself. Waits for no
  /// pipeline. Again: does nothing more.
  void stop();

  /// The port of a publisher, made when it does not exist yet.
  std::shared_ptr<Port> port(const std::string& publisher, PublishKind kind);

 private:
  /// The way from pipelines to this object. It is cut when this object ends: a pipeline that hangs may outlive it.
  struct Line {
    std::mutex mutex;  // before `wake_mutex_`, the queues' and what an EventSink takes
    Ingest* ingest = nullptr;
    template <class Use>
    void use(const Use& use) {
      const std::scoped_lock lock(mutex);
      if (ingest != nullptr) use(*ingest);
    }
  };

  /// What a session's hooks and jobs know of it, however long its pipeline goes on.
  struct Marks {
    std::atomic<bool> over{false};       ///< it has ended: whatever its pipeline still brings is dropped
    std::atomic<bool> asking{false};     ///< a request for a key frame is under way
    std::atomic<unsigned> trickling{0};  ///< fragments that are under way
  };

  struct Session {
    std::string publisher;
    PublishKind kind = PublishKind::camera;
    std::uint64_t source = 0;
    std::int64_t answered_ns = 0;
    std::shared_ptr<Port> port;
    std::shared_ptr<WhipSession> whip;  ///< goes down in `pipelines_`, whoever lets go of it last
    std::shared_ptr<Marks> marks = std::make_shared<Marks>();
  };

  /// What was asked for by one offer.
  struct Asked {
    std::string publisher;
    PublishKind kind = PublishKind::camera;
    consent::Scope allowed;
    std::string offer;
    std::uint64_t source = 0;  ///< counts up with the offers: the newest of a publisher and kind stays
  };

  /// A fragment with candidates that its session has not taken yet, and who waits for that.
  struct Trickling {
    std::string resource;
    TrickleDone done;
  };

  std::optional<Error> refusal(const std::string& publisher);  // under mutex_
  void answered(const std::string& publisher);
  Result<Answer> answer(const Asked& asked);
  SessionHooks hooks(const Session& session, const std::string& resource);
  Result<void> keep(const std::string& resource, Session session, const OfferPlan& plan);
  std::optional<Error> trickle_refusal(const std::string& resource);  // under mutex_
  void trickled(std::uint64_t id, const Result<void>& taken);
  void stop_trickling(const std::string& resource);
  void wake();
  void end(const std::string& resource, Ending ending, const std::string& reason);
  void watch(const std::stop_token& stop);
  void rest(const std::stop_token& stop);
  void look_after(const std::string& resource, const Session& session, std::int64_t now_ns);
  void ask_for_keyframe(const std::string& resource, const Session& session);
  void tell_hanging();
  void tell_hanging(const std::string& resource, const std::set<std::string>& stuck);

  const Config& config_;
  const std::size_t max_publishers_;
  WorkQueue& answers_;
  WorkQueue& ends_;
  PipelineQueue& pipelines_;
  const EventSink events_;
  const Appeared appeared_;
  const std::shared_ptr<Line> line_ = std::make_shared<Line>();
  std::mutex wake_mutex_;  // leaf lock; streaming threads take it
  std::condition_variable_any wake_;
  bool woken_ = false;
  std::mutex mutex_;  // before Port's; never held while a pipeline is touched
  bool stopped_ = false;
  std::size_t answering_ = 0;
  std::map<std::string, unsigned> answering_each_;  // by publisher
  std::uint64_t next_source_ = 1;
  std::map<std::string, Session> sessions_;  // by resource
  std::uint64_t next_trickle_ = 1;
  std::map<std::uint64_t, Trickling> trickling_;
  std::map<std::pair<std::string, PublishKind>, std::shared_ptr<Port>> ports_;
  std::set<std::string> told_hanging_;  // watch thread only
  std::jthread watch_thread_;           // last: uses the rest
};

}  // namespace unavoce::recorder
