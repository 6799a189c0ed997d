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

Ingest::Ingest(const Config& config, WorkQueue& work, EventSink events, Appeared appeared)
    : config_(config),
      work_(work),
      events_(std::move(events)),
      appeared_(std::move(appeared)),
      watch_thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void Ingest::stop() {
  watch_thread_.request_stop();
  watch_thread_.join();
  std::map<std::string, Session> sessions;
  {
    const std::scoped_lock lock(mutex_);
    sessions.swap(sessions_);
  }
}

// ---- publishing

void Ingest::publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
                     std::function<void(Result<Answer>)> done) {
  {
    const std::scoped_lock lock(mutex_);
    if (sessions_.size() + answering_ >= config_.max_publishers) {
      work_.post([done = std::move(done)] {
        done(Error{Errc::busy, "The recorder has as many publishers as it is configured for; try again later."});
      });
      return;
    }
    ++answering_;
  }
  work_.post([this, publisher = std::move(publisher), kind, allowed, offer = std::move(offer), done = std::move(done)] {
    auto answered = answer(publisher, kind, allowed, offer);
    {
      const std::scoped_lock lock(mutex_);
      --answering_;
    }
    const bool appeared = answered.has_value();
    done(std::move(answered));
    if (appeared) appeared_(publisher, kind);
  });
}

Result<Answer> Ingest::answer(const std::string& publisher, PublishKind kind, consent::Scope allowed,
                              const std::string& offer) {
  BOOST_OUTCOME_TRY(const auto plan, plan_offer(offer, kind, allowed));
  const std::string resource = crypto::to_hex(crypto::random_array<16>());
  Session session{publisher, kind, 0, monotonic_ns(), port(publisher, kind), nullptr};
  {
    const std::scoped_lock lock(mutex_);
    session.source = next_source_++;
  }
  BOOST_OUTCOME_TRY(auto whip, WhipSession::answer(config_, plan, offer,
                                                   hooks(publisher, kind, resource, session.source, session.port)));
  session.whip = std::move(whip);
  session.port->connect(session.source, accepts(plan, Stream::audio), accepts(plan, Stream::video));
  Answer answer{session.whip->sdp(), resource};
  keep(resource, std::move(session));
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
    work_.post([this, resource, ending, reason = std::move(reason)] { end(resource, ending, reason); });
  };
  return hooks;
}

/// Stores the session; an older one of the same publisher and kind ends.
void Ingest::keep(const std::string& resource, Session session) {
  std::vector<std::string> older;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, other] : sessions_) {
      if (other.publisher == session.publisher && other.kind == session.kind) older.push_back(id);
    }
    sessions_.emplace(resource, std::move(session));
  }
  for (const std::string& id : older) end(id, Ending::replaced, "the publisher started a new session");
}

void Ingest::trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done) {
  work_.post([this, resource = std::move(resource), fragment = std::move(fragment), done = std::move(done)] {
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
  work_.post([this, resource = std::move(resource)] { end(resource, Ending::unpublished, "unpublished"); });
}

/// Work queue only: takes a pipeline down.
void Ingest::end(const std::string& resource, Ending ending, const std::string& reason) {
  Session session;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(resource);
    if (found == sessions_.end()) return;
    session = std::move(found->second);
    sessions_.erase(found);
  }
  session.port->disconnect(session.source);
  session.whip.reset();
  events_(PublisherDisconnected{session.publisher, resource, session.kind, ending, reason});
}

std::shared_ptr<Port> Ingest::port(const std::string& publisher, PublishKind kind) {
  const std::scoped_lock lock(mutex_);
  auto& port = ports_[{publisher, kind}];
  if (!port) {
    port = std::make_shared<Port>([this] {
      const std::scoped_lock wake_lock(mutex_);
      woken_ = true;
      wake_.notify_one();
    });
  }
  return port;
}

// ---- watching

void Ingest::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::map<std::string, Session> sessions;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, watch_pause, [&] { return woken_; });
      woken_ = false;
      sessions = sessions_;
      std::erase_if(ports_, [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(); });
    }
    const std::int64_t now_ns = monotonic_ns();
    for (const auto& [resource, session] : sessions) look_after(resource, session, now_ns);
  }
}

void Ingest::look_after(const std::string& resource, const Session& session, std::int64_t now_ns) {
  if (session.port->keyframe_due(now_ns, ns(config_.keyframe_pause))) session.whip->request_keyframe();

  const std::int64_t last_ns = session.whip->last_packet_ns();
  const bool silent = last_ns != 0 && now_ns - last_ns > ns(config_.silence);
  const bool never_came = last_ns == 0 && now_ns - session.answered_ns > ns(config_.connect_timeout);
  if (!silent && !never_came) return;
  work_.post([this, resource = resource, silent] {
    end(resource, Ending::lost, silent ? "the publisher fell silent" : "no media came after the answer");
  });
}

}  // namespace unavoce::recorder
