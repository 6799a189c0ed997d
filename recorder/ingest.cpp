#include "recorder/ingest.hpp"

#include <chrono>
#include <utility>

#include "crypto/bytes.hpp"
#include "crypto/random.hpp"
#include "recorder/monotonic.hpp"

namespace unavoce::recorder {
namespace {

constexpr auto watch_pause = std::chrono::milliseconds(200);

std::int64_t ns(std::chrono::nanoseconds span) {
  return span.count();
}

}  // namespace

Ingest::Ingest(const Config& config, WorkQueue& answers, WorkQueue& ends, EventSink events, Appeared appeared)
    : config_(config),
      max_publishers_(publishers_that_fit(config)),
      answers_(answers),
      ends_(ends),
      events_(std::move(events)),
      appeared_(std::move(appeared)),
      watch_thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void Ingest::stop() {
  watch_thread_.request_stop();
  watch_thread_.join();
  std::map<std::string, Session> sessions;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    sessions.swap(sessions_);
  }
}

// ---- publishing

/// Why no more offers are taken just now, or of this publisher; nothing if they are.
std::optional<Error> Ingest::refusal(const std::string& publisher) {
  if (sessions_.size() + answering_ >= max_publishers_) {
    return Error{Errc::busy, "The recorder has as many publishers as it is configured for; try again later."};
  }
  const auto mine = answering_each_.find(publisher);
  if (mine != answering_each_.end() && mine->second >= max_answering_each) {
    return Error{Errc::busy, "Two offers of this publisher are still being answered; wait for them, then try again."};
  }
  return std::nullopt;
}

void Ingest::publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
                     std::function<void(Result<Answer>)> done) {
  Asked asked{std::move(publisher), kind, allowed, std::move(offer), 0};
  std::optional<Error> refused;
  {
    const std::scoped_lock lock(mutex_);
    refused = refusal(asked.publisher);
    if (!refused) {
      ++answering_;
      ++answering_each_[asked.publisher];
      asked.source = next_source_++;
    }
  }
  if (refused) {
    ends_.post([done = std::move(done), error = std::move(*refused)] { done(error); });
    return;
  }
  answers_.post([this, asked = std::move(asked), done = std::move(done)] {
    auto given = answer(asked);
    answered(asked.publisher);
    const bool is_here = given.has_value();
    done(std::move(given));
    if (is_here) appeared_(asked.publisher, asked.kind);
  });
}

void Ingest::answered(const std::string& publisher) {
  const std::scoped_lock lock(mutex_);
  --answering_;
  const auto mine = answering_each_.find(publisher);
  if (--mine->second == 0) answering_each_.erase(mine);
}

Result<Answer> Ingest::answer(const Asked& asked) {
  BOOST_OUTCOME_TRY(const auto plan, plan_offer(asked.offer, asked.kind, asked.allowed));
  const std::string resource = crypto::to_hex(crypto::random_array<16>());
  Session session{asked.publisher, asked.kind, asked.source, monotonic_ns(), port(asked.publisher, asked.kind),
                  nullptr};
  BOOST_OUTCOME_TRY(auto whip,
                    WhipSession::answer(config_, plan, asked.offer,
                                        hooks(asked.publisher, asked.kind, resource, asked.source, session.port)));
  session.whip = std::move(whip);
  session.answered_ns = monotonic_ns();
  Answer answer{session.whip->sdp(), resource};
  BOOST_OUTCOME_TRY(keep(resource, std::move(session), plan));
  return answer;
}

SessionHooks Ingest::hooks(const std::string& publisher, PublishKind kind, const std::string& resource,
                           std::uint64_t source, const std::shared_ptr<Port>& port) {
  SessionHooks hooks;
  hooks.on_frame = [port, source](Frame&& frame) {
    frame.source = source;
    port->deliver(std::move(frame));
  };
  hooks.on_connected = [this, publisher, kind, resource] { events_(PublisherConnected{publisher, resource, kind}); };
  hooks.on_loss = [port] { port->want_keyframe(); };
  // A pipeline cannot end itself from its own thread.
  hooks.on_gone = [this, resource](Ending ending, std::string reason) {
    ends_.post([this, resource, ending, reason = std::move(reason)] { end(resource, ending, reason); });
  };
  return hooks;
}

/// Stores the session and connects its port, both at once: of two answers that end together the one with the newer
/// offer stays, and the port knows the one that stays. The older one ends, whichever of the two it is; `session` is the
/// last owner of its pipeline, which so goes down here, without the mutex.
Result<void> Ingest::keep(const std::string& resource, Session session, const OfferPlan& plan) {
  std::vector<std::string> older;
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return Error{Errc::busy, "The recorder is ending."};
    const auto connected =
        session.port->connect(session.source, accepts(plan, Stream::audio), accepts(plan, Stream::video));
    if (connected == Port::Connected::overtaken) {
      return Error{Errc::conflict, "A newer offer of this publisher was answered before this one; that one stays."};
    }
    for (const auto& [id, other] : sessions_) {
      if (other.publisher == session.publisher && other.kind == session.kind) older.push_back(id);
    }
    sessions_.emplace(resource, std::move(session));
  }
  for (const std::string& id : older) end(id, Ending::replaced, "the publisher started a new session");
  return boost::outcome_v2::success();
}

void Ingest::trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done) {
  ends_.post([this, resource = std::move(resource), fragment = std::move(fragment), done = std::move(done)] {
    std::shared_ptr<WhipSession> whip;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = sessions_.find(resource);
      if (found != sessions_.end()) whip = found->second.whip;
    }
    done(whip ? whip->trickle(fragment)
              : Result<void>(Error{Errc::not_found, "There is no such session; it has ended."}));
  });
}

void Ingest::unpublish(std::string resource) {
  ends_.post([this, resource = std::move(resource)] { end(resource, Ending::unpublished, "unpublished"); });
}

/// On a work queue only: takes a pipeline down.
void Ingest::end(const std::string& resource, Ending ending, const std::string& reason) {
  Session session;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(resource);
    if (found == sessions_.end()) return;
    session = std::move(found->second);
    sessions_.erase(found);
    session.port->disconnect(session.source);
  }
  // Not waited for: the watch thread, which may hold a copy from before and be asking a pipeline that hangs, be it this
  // one. Then the pipeline goes down when that copy is let go.
  session.whip.reset();
  events_(PublisherDisconnected{session.publisher, resource, session.kind, ending, reason});
}

std::shared_ptr<Port> Ingest::port(const std::string& publisher, PublishKind kind) {
  const std::scoped_lock lock(mutex_);
  auto& port = ports_[{publisher, kind}];
  if (!port) {
    port = std::make_shared<Port>([this] { wake(); });
  }
  return port;
}

/// On streaming and writers' threads.
void Ingest::wake() {
  const std::scoped_lock lock(wake_mutex_);
  woken_ = true;
  wake_.notify_one();
}

// ---- watching

void Ingest::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, watch_pause, [&] { return woken_; });
      woken_ = false;
    }
    std::map<std::string, Session> sessions;
    {
      const std::scoped_lock lock(mutex_);
      sessions = sessions_;
      std::erase_if(ports_, [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(); });
    }
    const std::int64_t now_ns = monotonic_ns();
    for (const auto& [resource, session] : sessions) look_after(resource, session, now_ns);
    let_go(std::move(sessions));
  }
}

/// Whoever is the last to let go of a session takes its pipeline down, which blocks: not the watch thread. Copies of
/// sessions that are kept are not the last ones, as long as the mutex is held.
void Ingest::let_go(std::map<std::string, Session> copies) {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(copies, [&](const auto& copy) { return sessions_.contains(copy.first); });
  }
  if (!copies.empty()) ends_.post([ended = std::move(copies)] {});
}

void Ingest::look_after(const std::string& resource, const Session& session, std::int64_t now_ns) {
  if (session.port->keyframe_due(now_ns, ns(config_.keyframe_pause))) session.whip->request_keyframe();

  const std::int64_t last_ns = session.whip->last_packet_ns();
  const bool silent = last_ns != 0 && now_ns - last_ns > ns(config_.silence);
  const bool never_came = last_ns == 0 && now_ns - session.answered_ns > ns(config_.connect_timeout);
  if (!silent && !never_came) return;
  ends_.post([this, resource = resource, silent] {
    end(resource, Ending::lost, silent ? "the publisher fell silent" : "no media came after the answer");
  });
}

}  // namespace unavoce::recorder
