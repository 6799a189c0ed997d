#include "recorder/ingest.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "crypto/bytes.hpp"
#include "crypto/random.hpp"
#include "recorder/monotonic.hpp"

namespace unavoce::recorder {
namespace {

constexpr auto watch_pause = std::chrono::milliseconds(200);
/// However often it is woken: losses and key frames that alternate would keep it going without a pause.
constexpr auto watch_rest = std::chrono::milliseconds(20);

std::int64_t ns(std::chrono::nanoseconds span) {
  return span.count();
}

Error ending() {
  return Error{Errc::busy, "The recorder is ending."};
}

Error no_session() {
  return Error{Errc::not_found, "There is no such session; it has ended."};
}

}  // namespace

Ingest::Ingest(const Config& config, WorkQueue& answers, WorkQueue& ends, PipelineQueue& pipelines, EventSink events,
               Appeared appeared)
    : config_(config),
      max_publishers_(publishers_that_fit(config)),
      answers_(answers),
      ends_(ends),
      pipelines_(pipelines),
      events_(std::move(events)),
      appeared_(std::move(appeared)) {
  line_->ingest = this;
  watch_thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void Ingest::stop() {
  watch_thread_.request_stop();
  if (watch_thread_.joinable()) watch_thread_.join();
  std::map<std::string, Session> sessions;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    sessions.swap(sessions_);
  }
  for (const auto& [resource, session] : sessions) session.marks->over = true;
  {
    const std::scoped_lock lock(line_->mutex);
    line_->ingest = nullptr;
  }
  std::map<std::uint64_t, Trickling> untold;
  {
    const std::scoped_lock lock(mutex_);
    untold.swap(trickling_);
  }
  for (auto& [id, fragment] : untold) ends_.post([done = std::move(fragment.done)] { done(ending()); });
}

// ---- publishing

/// Why no more offers are taken just now, or of this publisher; nothing if they are. A pipeline that hangs after its
/// session has ended still has its port: it counts.
std::optional<Error> Ingest::refusal(const std::string& publisher) {
  const auto hanging = pipelines_.hanging(config_.pipeline_patience);
  const auto left = std::ranges::count_if(hanging, [&](const auto& resource) { return !sessions_.contains(resource); });
  if (sessions_.size() + answering_ + static_cast<std::size_t>(left) >= max_publishers_) {
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
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return ending();  // a pipeline for each that waits would hold up the end
  }
  BOOST_OUTCOME_TRY(const auto plan, plan_offer(asked.offer, asked.kind, asked.allowed));
  const std::string resource = crypto::to_hex(crypto::random_array<16>());
  Session session{asked.publisher, asked.kind, asked.source, monotonic_ns(), port(asked.publisher, asked.kind),
                  nullptr};
  // From here on the pipeline goes down elsewhere, also when it fails: one that hangs keeps no other offer waiting.
  session.whip = pipelines_.share(std::make_unique<WhipSession>(plan, hooks(session, resource)), resource);
  BOOST_OUTCOME_TRY(session.whip->answer(config_, asked.offer));
  session.answered_ns = monotonic_ns();
  Answer answer{session.whip->sdp(), resource};
  BOOST_OUTCOME_TRY(keep(resource, std::move(session), plan));
  return answer;
}

/// None of them holds `this`, nor the session, which is the pipeline's last owner.
SessionHooks Ingest::hooks(const Session& session, const std::string& resource) {
  SessionHooks hooks;
  hooks.on_frame = [port = session.port, marks = session.marks, source = session.source](Frame&& frame) {
    if (marks->over) return;
    frame.source = source;
    port->deliver(std::move(frame));
  };
  hooks.on_connected = [line = line_, marks = session.marks,
                        here = PublisherConnected{session.publisher, resource, session.kind}] {
    if (!marks->over) line->use([&](Ingest& ingest) { ingest.events_(here); });
  };
  hooks.on_loss = [port = session.port, marks = session.marks] {
    if (!marks->over) port->want_keyframe();
  };
  hooks.on_left_out = [line = line_, marks = session.marks,
                       what = PacketsLeftOut{session.publisher, resource, session.kind}] {
    if (!marks->over) line->use([&](Ingest& ingest) { ingest.events_(what); });
  };
  // A pipeline cannot end itself from its own thread.
  hooks.on_gone = [line = line_, resource](Ending ending, std::string reason) {
    line->use([&](Ingest& ingest) {
      ingest.ends_.post(
          [&ingest, resource, ending, reason = std::move(reason)] { ingest.end(resource, ending, reason); });
    });
  };
  return hooks;
}

/// Stores the session and connects its port, both at once: of two answers that end together the one with the newer
/// offer stays, and the port knows the one that stays. The older one ends, whichever of the two it is.
Result<void> Ingest::keep(const std::string& resource, Session session, const OfferPlan& plan) {
  std::vector<std::string> older;
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return ending();
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

/// Takes a place for one more fragment of this session, or says why there is none; under mutex_. A pipeline that hangs
/// shall not get one thread after the other.
std::optional<Error> Ingest::trickle_refusal(const std::string& resource) {
  if (stopped_) return ending();
  const auto found = sessions_.find(resource);
  if (found == sessions_.end()) return no_session();
  std::atomic<unsigned>& under_way = found->second.marks->trickling;
  if (under_way >= max_trickling_each) {
    return Error{Errc::busy, "Earlier candidates of this session are still being taken; try again later."};
  }
  ++under_way;
  return std::nullopt;
}

void Ingest::trickle(std::string resource, std::string fragment, TrickleDone done) {
  std::optional<Error> refused;
  Session session;
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    refused = trickle_refusal(resource);
    if (!refused) {
      session = sessions_.at(resource);
      id = next_trickle_++;
      // Stays here: the job may hang beyond whoever waits for it.
      trickling_.emplace(id, Trickling{resource, std::move(done)});
    }
  }
  if (refused) {
    ends_.post([done = std::move(done), error = std::move(*refused)] { done(error); });
    return;
  }
  pipelines_.post(resource, [line = line_, session = std::move(session), fragment = std::move(fragment), id] {
    auto taken = session.whip->trickle(fragment);
    --session.marks->trickling;
    line->use([&](Ingest& ingest) {
      ingest.ends_.post([&ingest, id, taken = std::move(taken)] { ingest.trickled(id, taken); });
    });
  });
}

void Ingest::trickled(std::uint64_t id, const Result<void>& taken) {
  TrickleDone done;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = trickling_.find(id);
    if (found == trickling_.end()) return;  // was told that the session, or the recorder, ended
    done = std::move(found->second.done);
    trickling_.erase(found);
  }
  done(taken);
}

void Ingest::unpublish(std::string resource) {
  ends_.post([this, resource = std::move(resource)] { end(resource, Ending::unpublished, "unpublished"); });
}

/// Whoever still waits for candidates of this session to be taken is told that it is over.
void Ingest::stop_trickling(const std::string& resource) {
  std::vector<TrickleDone> waiting;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [id, fragment] : trickling_) {
      if (fragment.resource == resource) waiting.push_back(std::move(fragment.done));
    }
    std::erase_if(trickling_, [&](const auto& entry) { return entry.second.resource == resource; });
  }
  for (auto& done : waiting) ends_.post([done = std::move(done)] { done(no_session()); });
}

/// Not on a streaming thread. Waits for no pipeline.
void Ingest::end(const std::string& resource, Ending ending, const std::string& reason) {
  Session session;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(resource);
    if (found == sessions_.end()) return;
    session = std::move(found->second);
    sessions_.erase(found);
    session.marks->over = true;
    session.port->disconnect(session.source);
  }
  session.whip.reset();
  stop_trickling(resource);
  events_(PublisherDisconnected{session.publisher, resource, session.kind, ending, reason});
}

std::shared_ptr<Port> Ingest::port(const std::string& publisher, PublishKind kind) {
  const std::scoped_lock lock(mutex_);
  auto& port = ports_[{publisher, kind}];
  if (!port) {
    port = std::make_shared<Port>([line = line_] { line->use([](Ingest& ingest) { ingest.wake(); }); });
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
    rest(stop);
    std::map<std::string, Session> sessions;
    {
      const std::scoped_lock lock(mutex_);
      sessions = sessions_;
      std::erase_if(ports_, [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(); });
    }
    const std::int64_t now_ns = monotonic_ns();
    for (const auto& [resource, session] : sessions) look_after(resource, session, now_ns);
    tell_hanging();
  }
}

/// Until something is to be done or some time has passed, but a little in any case.
void Ingest::rest(const std::stop_token& stop) {
  std::unique_lock lock(wake_mutex_);
  wake_.wait_for(lock, stop, watch_rest, [] { return false; });
  wake_.wait_for(lock, stop, watch_pause, [&] { return woken_; });
  woken_ = false;
}

void Ingest::tell_hanging() {
  const auto hanging = pipelines_.hanging(config_.pipeline_patience);
  const auto stuck = pipelines_.stuck(config_.pipeline_patience);
  for (const std::string& resource : hanging) {
    if (!told_hanging_.contains(resource)) tell_hanging(resource, stuck);
  }
  for (auto told = told_hanging_.begin(); told != told_hanging_.end();) {
    if (pipelines_.holds(*told)) {
      ++told;
      continue;
    }
    events_(PipelineWentDown{*told});
    told = told_hanging_.erase(told);
  }
}

/// A session whose pipeline hangs would get no key frame any more: it ends, and the publisher may begin anew. One that
/// only waits for a thread, because too many others hang, goes on.
void Ingest::tell_hanging(const std::string& resource, const std::set<std::string>& stuck) {
  bool is_in_session = false;
  {
    const std::scoped_lock lock(mutex_);
    is_in_session = sessions_.contains(resource);
  }
  if (is_in_session && !stuck.contains(resource)) return;
  told_hanging_.insert(resource);
  events_(PipelineHangs{resource, is_in_session ? PipelineHangs::Seen::in_session : PipelineHangs::Seen::going_down});
  if (is_in_session) ends_.post([this, resource] { end(resource, Ending::lost, "its pipeline hangs"); });
}

/// Not here: a pipeline that hangs when it is asked would keep all others from being asked. One that does is not asked
/// again.
void Ingest::ask_for_keyframe(const std::string& resource, const Session& session) {
  if (session.marks->asking.exchange(true)) return;
  pipelines_.post(resource, [whip = session.whip, marks = session.marks] {
    whip->request_keyframe();
    marks->asking = false;
  });
}

void Ingest::look_after(const std::string& resource, const Session& session, std::int64_t now_ns) {
  if (session.port->keyframe_due(now_ns, ns(config_.keyframe_pause))) ask_for_keyframe(resource, session);

  const std::int64_t last_ns = session.whip->last_packet_ns();
  const bool silent = last_ns != 0 && now_ns - last_ns > ns(config_.silence);
  const bool never_came = last_ns == 0 && now_ns - session.answered_ns > ns(config_.connect_timeout);
  if (!silent && !never_came) return;
  ends_.post([this, resource = resource, silent] {
    end(resource, Ending::lost, silent ? "the publisher fell silent" : "no media came after the answer");
  });
}

}  // namespace unavoce::recorder
