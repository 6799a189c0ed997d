#include "play.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "ledger_reader.hpp"
#include "recorder/monotonic.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::crash {

using namespace server::test;
using namespace std::chrono_literals;
using As = Attendee::As;

namespace {

constexpr std::array kNames{"starting",  "recovering", "joining",     "asking",  "approving", "preparing",
                            "recording", "late_join",  "withdrawing", "leaving", "stopping",  "erasing"};

/// A recording that nobody comes back to within two minutes of a start is over.
constexpr auto kSurelyInTime = 110s;

/// Each leaves less for the next one to clear up.
constexpr int kKillsInARow = 3;

}  // namespace

const char* name_of(Phase phase) {
  return kNames.at(static_cast<std::size_t>(phase));
}

std::vector<Phase> all_phases() {
  std::vector<Phase> all;
  for (std::size_t i = 0; i < kNames.size(); ++i) all.push_back(static_cast<Phase>(i));
  all.insert(all.end(), 2, Phase::recording);  // most of a meeting is this
  return all;
}

/// Dies twice before it ever was ready, then gets a host with a room.
Play::Play(std::uint64_t seed) : dice_(seed) {
  for (int i = 0; i < 2; ++i) service_.start_and_kill(dice_.anywhere_in(400ms));
  service_.start();
  room_.emplace(service_);
  aftermath_ = std::make_unique<Aftermath>(*room_, service_.beside("."));
  people_.push_back(std::make_unique<Person>(*room_, As::host, "Anna", Media::camera));
  people_.push_back(std::make_unique<Person>(*room_, As::participant, "Ben", Media::quiet_voice));
  people_.push_back(std::make_unique<Person>(*room_, As::participant, "Cleo", Media::covered_camera));
  late_ = std::make_unique<Person>(*room_, As::participant, "Dora", Media::quiet_voice);
  service_.kill_in(0ms);
  service_.await_kill();
}

Play::~Play() = default;

// ---- a life

std::vector<std::string> Play::live_and_die(Phase phase) {
  if (phase == Phase::starting) {
    service_.start_and_kill(dice_.anywhere_in(service_.start_time()));
    return {};
  }
  auto wrong = begin();
  if (!wrong.empty()) return wrong;
  try {
    reach(phase);
    die_in(phase);
  } catch (const std::exception&) {
    if (!service_.is_killed()) throw;  // it failed while it lived
  }
  clear_up();
  if (phase == Phase::recovering) die_in_recovery();
  return {};
}

/// What it takes to clear up was measured at the last start that lived on, after another death. Half of the kills come
/// in the first tenth of it: that start may have had more to do. The first one surely comes in between: there is an
/// erasure to finish, and a reader of the ledger holds up its last step. The others do not depend on that.
void Play::die_in_recovery() {
  std::filesystem::remove(stuck_);
  std::optional<LedgerReader> reader(std::in_place, service_.data_folder());
  reader->hold();
  for (int i = 0; i < kKillsInARow; ++i, reader.reset()) {
    if (service_.start_and_kill_in_recovery(dice_.within(service_.recovery_time()))) ++killed_in_recovery_;
  }
}

/// Somewhere between the note of an erasure and its end, which a reader of the ledger holds up.
void Play::die_in_erasure() {
  const consent::RecordingId recording = host().seat().request->body.recording;
  stop(recording);
  LedgerReader reader(service_.data_folder());
  reader.hold();
  const auto watch = std::make_shared<LedgerReader>(service_.data_folder());
  service_.kill_once([watch, recording] { return watch->knows_erasure_of(recording); }, dice_.within(100ms));
  try {
    (void)erase(recording);
  } catch (const std::exception&) {
    if (!service_.is_killed()) throw;
    chronicle_.erased.insert(recording);
    ++killed_in_erasure_;
    return;
  }
  throw std::runtime_error("an erasure was answered, though its last step was held up");
}

std::vector<std::string> Play::look_back() {
  auto wrong = begin();
  if (wrong.empty()) {
    for (const auto& recording : chronicle_.asked)
      if (!chronicle_.erased.contains(recording)) stop(recording);
    wrong = aftermath_->wrong(chronicle_);
  }
  service_.kill_in(0ms);
  clear_up();
  return wrong;
}

/// Starts it, and looks at what the kill before has left.
std::vector<std::string> Play::begin() {
  service_.start();
  ready_ = std::chrono::steady_clock::now();
  auto wrong = wrong_for_fsck();
  const auto others = aftermath_->wrong(chronicle_);
  wrong.insert(wrong.end(), others.begin(), others.end());
  return wrong;
}

/// Of a copy: nobody is there yet for whom the service would write anything.
std::vector<std::string> Play::wrong_for_fsck() {
  const std::string copy = service_.beside("copy");
  copy_live(service_.data_folder(), copy);
  const auto fsck = testing::run(std::string(UNAVOCE_PROGRAM) + " fsck " + copy + " 2>&1");
  std::filesystem::remove_all(copy);
  if (fsck.exit_code == 0) return {};
  return {"fsck: " + fsck.output};
}

void Play::clear_up() {
  const std::int64_t killed_ns = service_.await_kill();
  chronicle_.windows_end(killed_ns);
  chronicle_.gate_is_closed_since(recorder::monotonic_ns());
  if (running_) chronicle_.interrupted.push_back(*running_);
  running_.reset();
  for (const auto& person : people_) {
    person->leave(chronicle_);
    person->forget_connection();
  }
  late_->leave(chronicle_);
  late_->forget_connection();
}

/// Everything up to where the phase begins.
void Play::reach(Phase phase) {
  if (phase == Phase::joining) return;
  gather();
  if (phase == Phase::asking && dice_.one_in(2)) return;
  if (!host().seat().request) ask();
  if (phase == Phase::approving || phase == Phase::preparing) return;
  approve_all();
  await_open();
  if (phase == Phase::recording && dice_.one_in(2)) return;  // dies while the files begin
  await_media();
  std::this_thread::sleep_for(dice_.anywhere_in(1500ms));  // a take of any length
  if (dice_.one_in(3)) something_happens();
}

void Play::die_in(Phase phase) {
  switch (phase) {
    case Phase::starting:
      break;
    case Phase::joining:
      service_.kill_in(dice_.within(100ms));
      gather();
      break;
    case Phase::asking:
      service_.kill_in(dice_.within(100ms));
      ask();
      break;
    case Phase::approving:
      service_.kill_in(dice_.within(1s));
      approve_all();
      break;
    case Phase::preparing:
      // Without a host's countersignature it takes ten seconds.
      host().seat().countersigns = dice_.one_in(2);
      for (const auto& person : people_) {
        if (person == people_.back()) service_.kill_in(dice_.within(host().seat().countersigns ? 300ms : 10500ms));
        person->approve(chronicle_);
      }
      await_open();
      break;
    case Phase::recovering:
      leave_half_erased();
      service_.kill_in(0ms);  // in the middle of a take: there are files to repair and to seal
      break;
    case Phase::recording:
      // While its files begin, or long after their last tail would be too old.
      service_.kill_in(dice_.one_in(2) ? dice_.anywhere_in(3s) : 2s + dice_.anywhere_in(4s));
      break;
    case Phase::late_join:
      service_.kill_in(dice_.within(1s));
      late_join();
      break;
    case Phase::withdrawing:
      service_.kill_in(dice_.within(200ms));
      running_.reset();
      somebody().withdraw(chronicle_);
      break;
    case Phase::leaving:
      service_.kill_in(dice_.within(1s));
      running_.reset();
      chronicle_.windows_end(recorder::monotonic_ns());
      chronicle_.gate_may_open();
      somebody().leave(chronicle_);
      break;
    case Phase::stopping:
      service_.kill_in(dice_.within(1s));
      stop();
      break;
    case Phase::erasing:
      die_in_erasure();
      break;
  }
  service_.await_kill();
}

// ---- what happens in a meeting

Person& Play::somebody() {
  return *dice_.one_of(people_);
}

/// Everybody comes (back). The recording that was under way is taken up again by itself.
void Play::gather() {
  chronicle_.gate_may_open();
  for (const auto& person : people_) {
    if (person->is_here()) continue;
    person->join(dice_);
    chronicle_.gate_is_closed();  // until everybody here has approved
  }
  const auto& request = host().seat().request;
  auto& asked = chronicle_.asked;
  const bool in_time = std::chrono::steady_clock::now() - ready_ < kSurelyInTime;
  if (!asked.empty() && !in_time) chronicle_.stopping.insert(asked.back());
  const bool goes_on = !asked.empty() && !chronicle_.stopping.contains(asked.back());
  if (goes_on && (!request || request->body.recording != asked.back()))
    throw std::runtime_error("a recording that was interrupted is not taken up again");
  // A request that nobody was told of may have become durable all the same.
  if (request && std::ranges::count(asked, request->body.recording) == 0) asked.push_back(request->body.recording);
}

void Play::ask() {
  const auto body = room_->request(host().seat().welcome.at("session"), {consent::Kind::audio, consent::Kind::video});
  if (host().seat().request) chronicle_.stopping.insert(host().seat().request->body.recording);
  running_.reset();
  chronicle_.windows_end(recorder::monotonic_ns());
  const Reply reply = post_statement(service_, consent::sign_statement(body, room_->room_key), room_->login);
  if (reply.status != 201) throw std::runtime_error("not asked: " + reply.body);
  chronicle_.gate_is_closed();
  chronicle_.asked.push_back(body.recording);
  chronicle_.acknowledged.push_back({body.recording, consent::id_of(body)});
  for (Person* person : present()) {
    while (!person->seat().request || person->seat().request->body.recording != body.recording)
      person->seat().wait_for("request");
  }
}

std::vector<Person*> Play::present() {
  std::vector<Person*> here;
  for (const auto& person : people_) here.push_back(person.get());
  here.push_back(late_.get());
  std::erase_if(here, [](const Person* person) { return !person->is_here(); });
  return here;
}

void Play::approve_all() {
  for (Person* person : present()) {
    if (!person->is_live()) person->approve(chronicle_);
  }
}

void Play::await_open() {
  std::uint32_t take = 0;
  for (Person* person : present()) take = person->await_open(chronicle_);
  running_ = {host().seat().request->body.recording, take};
}

/// Everybody's media has reached the disk.
void Play::await_media() {
  for (Person* person : present()) person->await_media(chronicle_, service_.data_folder() / "blobs");
}

void Play::something_happens() {
  switch (dice_.below(4)) {
    case 0: {
      Person& person = somebody();
      running_.reset();
      person.withdraw(chronicle_);
      comes_back(person);
      break;
    }
    case 1:
      comes_back(somebody());
      break;
    case 2:
      late_join();
      chronicle_.gate_may_open();
      if (dice_.one_in(2)) {
        late_->approve(chronicle_);
      } else {
        late_->leave(chronicle_);  // whoever did not approve and goes lets the others go on
      }
      break;
    default:
      stop();
      ask();
      for (const auto& person : people_) comes_back(*person);
      break;
  }
  await_open();
  await_media();
}

void Play::comes_back(Person& person) {
  running_.reset();
  chronicle_.windows_end(recorder::monotonic_ns());
  chronicle_.gate_may_open();
  person.leave(chronicle_);
  person.join(dice_);
  chronicle_.gate_is_closed();  // until everybody here has approved
  std::this_thread::sleep_for(dice_.within(1500ms));
  person.approve(chronicle_);
}

void Play::late_join() {
  running_.reset();
  chronicle_.windows_end(recorder::monotonic_ns());
  late_->join(dice_);
  chronicle_.gate_is_closed();
}

void Play::stop() {
  stop(host().seat().request->body.recording);
}

void Play::stop(const consent::RecordingId& recording) {
  running_.reset();
  chronicle_.stopping.insert(recording);
  chronicle_.windows_end(recorder::monotonic_ns());
  const Reply reply = service_.fetch("POST", "/api/v1/recordings/" + recording.hex() + "/stop", room_->login, "{}");
  if (reply.status != 204) throw std::runtime_error("not stopped: " + reply.body);
  chronicle_.gate_is_closed();
  chronicle_.stopped.insert(recording);
}

/// Its session may not have heard yet that it has ended.
Reply Play::erase(const consent::RecordingId& recording) {
  for (int attempt = 0;; ++attempt) {
    Reply reply = service_.fetch("DELETE", "/api/v1/recordings/" + recording.hex(), room_->login);
    if (reply.status != 409 || attempt == 500) return reply;
    std::this_thread::sleep_for(20ms);
  }
}

/// Its keys are gone and its files not, as there is one that cannot be removed, by no sweep either; and the next
/// recording runs.
void Play::leave_half_erased() {
  const consent::RecordingId recording = host().seat().request->body.recording;
  stop(recording);
  stuck_ = service_.data_folder() / "blobs" / recording.hex() / "stuck";
  std::filesystem::create_directories(stuck_);
  const Reply reply = erase(recording);
  if (reply.status < 500) throw std::runtime_error("erased, though a file could not be removed: " + reply.body);
  chronicle_.erased.insert(recording);
  ask();
  for (Person* person : present()) comes_back(*person);
  await_open();
  await_media();
}

}  // namespace unavoce::crash
