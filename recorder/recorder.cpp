#include "recorder/recorder.hpp"

#include <atomic>

#include "recorder/ingest.hpp"
#include "recorder/pipeline_queue.hpp"
#include "recorder/recovery.hpp"
#include "recorder/takes.hpp"
#include "recorder/work_queue.hpp"

namespace unavoce::recorder {
namespace {

/// Answers wait for each other two at a time, as long as a pipeline hangs. What must not wait for them has queues of
/// its own: sessions that end or are refused, and the ends and erasures of takes, which wait for disks. Whatever else
/// touches a pipeline, its going down above all, has a PipelineQueue, where nothing waits for anything.
constexpr std::size_t threads_each = 2;

std::atomic<bool> left_behind{false};

constexpr const char* warm_up_offer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=setup:actpass\r\n"
    "a=ice-ufrag:warm\r\na=ice-pwd:warmwarmwarmwarmwarmwarm\r\n"
    "a=fingerprint:sha-256 "
    "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
    "00\r\na=rtpmap:111 opus/48000/2\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\na=setup:actpass\r\n"
    "a=ice-ufrag:warm\r\na=ice-pwd:warmwarmwarmwarmwarmwarm\r\n"
    "a=fingerprint:sha-256 "
    "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
    "00\r\na=rtpmap:96 VP8/90000\r\n";

/// The first pipeline of a process loads plugins for up to half a second; nobody shall wait for that. Nor does it take
/// a port away from those who publish.
void warm_up(Config config, PipelineQueue& pipelines) {
  config.min_port = config.max_port = 0;
  const auto plan = plan_offer(warm_up_offer, PublishKind::camera, {consent::Kind::audio, consent::Kind::video});
  if (!plan) return;
  SessionHooks silent{[](Frame&&) {}, [] {}, [] {}, [] {}, [](Ending, const std::string&) {}};
  const auto session = pipelines.share(std::make_unique<WhipSession>(plan.value(), silent), "warm-up");
  (void)session->answer(config, warm_up_offer);  // a failure shows again at the first publish
}

}  // namespace

class Recorder::Impl {
 public:
  Impl(Config given, storage::BlobStore& blobs, EventSink events)
      : config_(std::move(given)),
        blobs_(blobs),
        events_(std::move(events)),
        answers_(std::make_unique<WorkQueue>(threads_each)),
        ends_(std::make_unique<WorkQueue>(threads_each)),
        disk_(std::make_unique<WorkQueue>(threads_each)),
        takes_(config_, blobs, *disk_, events_),
        ingest_(config_, *answers_, *ends_, pipelines_, events_,
                [this](const std::string& publisher, PublishKind kind) { takes_.appeared(publisher, kind); }) {
    takes_.use(ingest_);
    answers_->post([this] { warm_up(config_, pipelines_); });
  }

  /// Frames stop, jobs run out, writers end: each only after those who could call it. From stop() on Ingest keeps no
  /// session, so that none is left to post when its queues are gone. Answers post to the other two (an older session
  /// that ends; a screen that appeared); those post to none but themselves. Pipelines come last, and are not waited for
  /// longer than is bearable: what hangs in one of them has nothing of ours.
  ~Impl() {
    ingest_.stop();
    takes_.stop();
    answers_.reset();
    ends_.reset();
    disk_.reset();
    takes_.stop();  // a take that a last job prepared
    for (const std::string& session : pipelines_.finish(config_.stop_limit)) {
      left_behind = true;
      events_(PipelineHangs{session, PipelineHangs::Seen::at_the_end});
    }
  }

  const Config config_;
  storage::BlobStore& blobs_;
  const EventSink events_;
  PipelineQueue pipelines_;
  std::unique_ptr<WorkQueue> answers_;
  std::unique_ptr<WorkQueue> ends_;
  std::unique_ptr<WorkQueue> disk_;
  Takes takes_;
  Ingest ingest_;
};

Recorder::Recorder(Config config, storage::BlobStore& blobs, EventSink events) {
  start_gstreamer();
  impl_ = std::make_unique<Impl>(std::move(config), blobs, std::move(events));
}

Recorder::~Recorder() = default;

bool pipelines_left_behind() noexcept {
  return left_behind;
}

void Recorder::publish(std::string publisher, PublishKind kind, consent::Scope allowed, std::string offer,
                       std::function<void(Result<Answer>)> done) {
  impl_->ingest_.publish(std::move(publisher), kind, allowed, std::move(offer), std::move(done));
}

void Recorder::trickle(std::string resource, std::string fragment, std::function<void(Result<void>)> done) {
  impl_->ingest_.trickle(std::move(resource), std::move(fragment), std::move(done));
}

void Recorder::unpublish(std::string resource) {
  impl_->ingest_.unpublish(std::move(resource));
}

Result<std::vector<PreparedTrack>> Recorder::prepare_take(const TakeOrder& order) {
  return impl_->takes_.prepare(order);
}

void Recorder::start_take(consent::Permit permit) {
  impl_->takes_.start(permit);
}

void Recorder::release_track(consent::RecordingId recording, std::uint32_t take, consent::StatementId approval,
                             std::uint32_t file) {
  impl_->takes_.release(recording, take, approval, file);
}

void Recorder::end_take(consent::RecordingId recording, std::uint32_t take,
                        std::function<void(Result<std::vector<SealedTrackFile>>)> done) {
  impl_->takes_.end(recording, take, std::move(done));
}

void Recorder::abort_track(consent::RecordingId recording, consent::StatementId approval,
                           std::function<void(Result<std::vector<std::string>>)> done) {
  impl_->takes_.abort({recording, std::nullopt, approval}, std::move(done));
}

void Recorder::abort_track_of_take(consent::RecordingId recording, std::uint32_t take, consent::StatementId approval,
                                   std::function<void(Result<std::vector<std::string>>)> done) {
  impl_->takes_.abort({recording, take, approval}, std::move(done));
}

Result<void> Recorder::recover() {
  return recorder::recover(impl_->blobs_);
}

Result<void> Recorder::repair(consent::RecordingId recording, const std::string& name) {
  return recorder::repair(impl_->blobs_, recording, name);
}

Result<SealedTrackFile> Recorder::examine(consent::RecordingId recording, const std::string& name) {
  return recorder::examine(impl_->blobs_, recording, name);
}

}  // namespace unavoce::recorder
