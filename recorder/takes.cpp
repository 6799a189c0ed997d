#include "recorder/takes.hpp"

#include <algorithm>
#include <set>

#include "recorder/gathering.hpp"
#include "recorder/recovery.hpp"
#include "recorder/track_file.hpp"

namespace unavoce::recorder {
namespace {

constexpr consent::Scope camera_kinds{consent::Kind::audio, consent::Kind::video};
constexpr consent::Scope screen_kinds{consent::Kind::screen};

consent::Scope kinds_of(PublishKind kind) {
  return kind == PublishKind::camera ? camera_kinds : screen_kinds;
}

bool publishes_any(const Port& port) {
  return port.publishes(Stream::audio) || port.publishes(Stream::video);
}

/// A camera's and a screen's, and the tail that a crash leaves of each.
constexpr std::uint32_t kFewestFilesEach = 4;

/// How many files each approval may have, so that one seal can name those of all and two tails of each.
std::uint32_t files_each(const TakeOrder& order) {
  constexpr std::uint32_t tails = 2;
  return kMaxFilesOfTake / std::max(1U, static_cast<std::uint32_t>(order.tracks.size())) - tails;
}

Error no_such_take() {
  return Error{Errc::not_found, "There is no such take; it has ended or was never prepared."};
}

}  // namespace

Takes::Takes(const Config& config, storage::BlobStore& blobs, WorkQueue& work, EventSink events)
    : config_(config), blobs_(blobs), work_(work), events_(std::move(events)) {}

// ---- prepare

Result<std::vector<PreparedTrack>> Takes::prepare(const TakeOrder& order) {
  if (order.tracks.size() > kMaxFilesOfTake / kFewestFilesEach)
    return Error{Errc::conflict, "More people are to be recorded in one take than its end could name."};
  const Key key{order.recording, order.take};
  {
    const std::scoped_lock lock(mutex_);
    if (!takes_.try_emplace(key).second) {
      return Error{Errc::conflict, "Take " + std::to_string(order.take) + " of this recording exists already."};
    }
  }
  Take take;
  take.order = order;
  auto prepared = make_tracks(take);
  const std::scoped_lock lock(mutex_);
  if (!prepared) {
    takes_.erase(key);
    return prepared;
  }
  take.stage = Stage::prepared;
  takes_[key] = std::move(take);
  return prepared;
}

Result<std::vector<PreparedTrack>> Takes::make_tracks(Take& take) {
  std::vector<PreparedTrack> prepared;
  std::optional<Error> failed;
  for (const TrackOrder& order : take.order.tracks) {
    auto numbers = std::make_shared<std::atomic<std::uint32_t>>(0);
    if (!take.file_numbers.emplace(order.approval, std::move(numbers)).second) {
      failed = Error{Errc::conflict, "An approval is named twice in the order of a take."};
    }
    for (const PublishKind kind : {PublishKind::camera, PublishKind::screen}) {
      if (failed || order.kinds.common(kinds_of(kind)).empty()) continue;
      // A screen that nobody shares yet gets its file when it appears.
      if (kind == PublishKind::screen && !publishes_any(*ingest_->port(order.publisher, kind))) continue;
      auto made = make_track(take, order, kind);
      if (!made) {
        failed = made.error();
        continue;
      }
      take.tracks.push_back(std::move(made.value().first));
      prepared.push_back(std::move(made.value().second));
    }
  }
  if (!failed) return prepared;
  take.tracks.clear();  // ends the writers
  for (const PreparedTrack& track : prepared) (void)blobs_.erase(take.order.recording.hex(), track.name);
  return *failed;
}

Result<std::pair<Takes::Track, PreparedTrack>> Takes::make_track(const Take& take, const TrackOrder& order,
                                                                 PublishKind kind) {
  Track track;
  track.kind = kind;
  track.publisher = order.publisher;
  track.port = ingest_->port(order.publisher, kind);
  MediaSource source{[port = track.port](Stream stream) { return port->publishes(stream); },
                     [port = track.port] { port->want_keyframe(); }};
  WriterOrder writer{take.order.recording,
                     take.order.take,
                     order.approval,
                     order.recipient,
                     order.kinds.common(kinds_of(kind)),
                     take.file_numbers.at(order.approval),
                     files_each(take.order)};
  track.writer = std::make_shared<TrackWriter>(blobs_, config_, std::move(writer), std::move(source), events_);
  BOOST_OUTCOME_TRY(auto prepared, track.writer->prepare());
  track.first_file = prepared.file;
  return std::pair{std::move(track), std::move(prepared)};
}

// ---- start and release

void Takes::run(Track& track, const consent::Permit& permit) {
  track.state = Track::State::running;
  track.writer->start(permit);
  track.port->attach(track.writer);
  track.port->want_keyframe();
}

void Takes::start(const consent::Permit& permit) {
  const std::scoped_lock lock(mutex_);
  const auto found = takes_.find({permit.recording(), permit.take()});
  if (found == takes_.end() || found->second.stage != Stage::prepared) return;
  Take& take = found->second;
  take.stage = Stage::running;
  take.permit.push_back(permit);
  for (Track& track : take.tracks) run(track, permit);
  // A screen that was shared since this take's files were made has none yet: nobody looked while it was prepared.
  for (const TrackOrder& order : take.order.tracks) {
    if (order.kinds.contains(consent::Kind::screen)) appeared(order.publisher, PublishKind::screen);
  }
}

void Takes::release(const consent::RecordingId& recording, std::uint32_t take_number,
                    const consent::StatementId& approval, std::uint32_t file) {
  const std::scoped_lock lock(mutex_);
  const auto found = takes_.find({recording, take_number});
  if (found == takes_.end() || found->second.stage != Stage::running) return;
  for (Track& track : found->second.tracks) {
    if (track.writer->order().approval != approval) continue;
    const bool late_screen = track.state == Track::State::waiting && track.first_file == file;
    if (late_screen) {
      run(track, found->second.permit.front());
    } else {
      track.writer->release(file);
    }
  }
}

void Takes::appeared(const std::string& publisher, PublishKind kind) {
  if (kind != PublishKind::screen) return;
  work_.post([this, publisher] { make_screens(publisher); });
}

/// Whether this order of a running take still lacks a file for the screen; under the mutex.
bool Takes::lacks_screen(const Take& take, const TrackOrder& order) {
  if (!order.kinds.contains(consent::Kind::screen) || take.screens_in_making.contains(order.approval)) return false;
  return std::ranges::none_of(take.tracks, [&](const Track& track) {
    return track.kind == PublishKind::screen && track.writer->order().approval == order.approval;
  });
}

/// Of running takes only: `track` comes after `take` in the ledger, and whoever starts a take looks again.
void Takes::make_screens(const std::string& publisher) {
  if (!publishes_any(*ingest_->port(publisher, PublishKind::screen))) return;
  std::vector<std::pair<Key, TrackOrder>> wanted;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [key, take] : takes_) {
      if (take.stage != Stage::running) continue;
      for (const TrackOrder& order : take.order.tracks) {
        if (order.publisher != publisher || !lacks_screen(take, order)) continue;
        // Between the offer and its answer it may have been taken back.
        if (!take.permit.front().covers(order.approval, consent::Kind::screen)) continue;
        take.screens_in_making.insert(order.approval);  // two that look at once make one file
        wanted.emplace_back(key, order);
      }
    }
  }
  for (const auto& [key, order] : wanted) make_screen(key, order);
}

void Takes::make_screen(const Key& key, const TrackOrder& order) {
  Take copy;  // what make_track reads; the disk is not touched under the lock
  {
    const std::scoped_lock lock(mutex_);
    const auto found = takes_.find(key);
    if (found == takes_.end()) return;
    copy.order = found->second.order;
    copy.file_numbers = found->second.file_numbers;
  }
  auto made = make_track(copy, order, PublishKind::screen);
  bool wanted = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = takes_.find(key);
    if (found != takes_.end()) {
      Take& take = found->second;
      take.screens_in_making.erase(order.approval);
      // Over meanwhile, or aborted for this approval.
      wanted = take.stage == Stage::running && std::ranges::any_of(take.order.tracks, [&](const TrackOrder& other) {
                 return other.approval == order.approval;
               });
      if (made && wanted) take.tracks.push_back(std::move(made.value().first));
    }
  }
  if (!made && made.error().code == Errc::busy) {  // as little as the screen, nothing is wrong with what runs
    events_(TrackGivenUp{key.first, key.second, order.approval, made.error().text});
  } else if (!made) {
    events_(Fault{key.first, key.second, order.approval, made.error().text});
  } else if (wanted) {
    events_(TrackPrepared{key.first, key.second, made.value().second});
  } else {
    made.value().first.writer.reset();
    (void)blobs_.erase(key.first.hex(), made.value().second.name);
  }
}

// ---- end

void Takes::end(const consent::RecordingId& recording, std::uint32_t take_number, FinishDone done) {
  const Key key{recording, take_number};
  std::vector<std::shared_ptr<TrackWriter>> writers;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = takes_.find(key);
    const bool can_end =
        found != takes_.end() && (found->second.stage == Stage::prepared || found->second.stage == Stage::running);
    if (can_end) {
      found->second.stage = Stage::ending;
      for (const Track& track : found->second.tracks) writers.push_back(track.writer);
    } else {
      work_.post([done = std::move(done)] { done(no_such_take()); });
      return;
    }
  }
  // One part of our own, so that a take without tracks ends too.
  const auto gathering = std::make_shared<Gathering<SealedTrackFile>>(
      writers.size() + 1, [this, key, done = std::move(done)](Result<std::vector<SealedTrackFile>> files) {
        work_.post([this, key, files = std::move(files), done]() mutable { finish_take(key, std::move(files), done); });
      });
  for (const auto& writer : writers) {
    const Ordered ordered = writer->finish([gathering](auto files) { gathering->add(std::move(files)); });
    if (ordered == Ordered::too_late) gathering->add(std::vector<SealedTrackFile>{});
  }
  gathering->add(std::vector<SealedTrackFile>{});
}

/// On the work queue: writers are joined here, files that were abandoned are measured.
void Takes::finish_take(const Key& key, Result<std::vector<SealedTrackFile>> files, const FinishDone& done) {
  Take take;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = takes_.find(key);
    if (found != takes_.end()) {
      take = std::move(found->second);
      takes_.erase(found);
    }
  }
  for (const Track& track : take.tracks) track.port->detach(track.writer.get());
  take.tracks.clear();
  if (files) {
    for (SealedTrackFile& file : files.value()) {
      if (file.empty || file.size_bytes != 0) continue;
      // As the next start would do: what is sealed must not change any more.
      const auto repaired = repair(blobs_, key.first, file.name);
      const auto measured = examine(blobs_, key.first, file.name);
      if (!repaired || !measured) {
        // Better no account than a wrong one: the server seals what it finds once the disk allows it.
        files = !repaired ? repaired.error() : measured.error();
        break;
      }
      file.size_bytes = measured.value().size_bytes;
      file.sha256 = measured.value().sha256;
    }
  }
  done(std::move(files));
}

// ---- abort

void Takes::abort(const Unwanted& unwanted, AbortDone done) {
  // First the writers end, then whatever lies on the disk goes: files of this take and, if all are meant, of others.
  abort_running(unwanted, [this, unwanted, done = std::move(done)](Result<std::vector<std::string>> running) {
    work_.post([this, unwanted, done, running = std::move(running)]() mutable {
      auto at_rest = erase_at_rest(unwanted);
      if (!running || !at_rest) {
        done(!running ? std::move(running) : std::move(at_rest));
        return;
      }
      std::set<std::string> names(running.value().begin(), running.value().end());
      names.insert(at_rest.value().begin(), at_rest.value().end());
      done(std::vector<std::string>(names.begin(), names.end()));
    });
  });
}

void Takes::abort_running(const Unwanted& unwanted, AbortDone done) {
  const consent::StatementId& approval = unwanted.approval;
  std::vector<Track> aborted;
  {
    const std::scoped_lock lock(mutex_);
    ++aborting_;
    for (auto& [key, take] : takes_) {
      if (key.first != unwanted.recording || key.second != unwanted.take.value_or(key.second)) continue;
      std::erase_if(take.order.tracks, [&](const TrackOrder& order) { return order.approval == approval; });
      for (const Track& track : take.tracks) {
        if (track.writer->order().approval == approval) aborted.push_back(track);
      }
      // An ending take keeps its writers until it is gone; their `finish` answers with nothing.
      if (take.stage != Stage::ending) {
        std::erase_if(take.tracks, [&](const Track& track) { return track.writer->order().approval == approval; });
      }
    }
  }
  for (const Track& track : aborted) track.port->detach(track.writer.get());
  auto held = std::make_shared<std::vector<Track>>(std::move(aborted));
  const auto gathering = std::make_shared<Gathering<std::string>>(
      held->size() + 1, [this, held, done = std::move(done)](Result<std::vector<std::string>> names) mutable {
        // Not here: this may be a writer's own thread, and `held` keeps the writers until they can be joined.
        work_.post([this, held, names = std::move(names), done = std::move(done)]() mutable {
          held->clear();
          done(std::move(names));
          const std::scoped_lock lock(mutex_);
          --aborting_;
          none_aborts_.notify_all();
        });
      });
  for (const Track& track : *held) {
    const Ordered ordered = track.writer->abort([gathering](auto names) { gathering->add(std::move(names)); });
    if (ordered == Ordered::too_late) gathering->add(std::vector<std::string>{});
  }
  gathering->add(std::vector<std::string>{});
}

Result<std::vector<std::string>> Takes::erase_at_rest(const Unwanted& unwanted) {
  std::vector<std::string> removed;
  const std::string folder = unwanted.recording.hex();
  const auto listed = blobs_.list(folder);
  if (!listed && listed.error().code == storage::Errc::not_found) return removed;
  BOOST_OUTCOME_TRY(const auto names, listed);
  std::set<std::string> mains;
  for (const std::string& name : names) {
    if (is_track_file_of(name, unwanted.take, unwanted.approval)) mains.insert(main_name(name));
  }
  for (const std::string& name : mains) {
    BOOST_OUTCOME_TRY(blobs_.erase(folder, name));
    removed.push_back(name);
  }
  return removed;
}

void Takes::stop() {
  std::map<Key, Take> takes;
  {
    const std::scoped_lock lock(mutex_);
    takes.swap(takes_);
  }
  for (const auto& [key, take] : takes) {
    for (const Track& track : take.tracks) track.port->detach(track.writer.get());
  }
  takes.clear();
  std::unique_lock lock(mutex_);
  none_aborts_.wait(lock, [&] { return aborting_ == 0; });
}

}  // namespace unavoce::recorder
