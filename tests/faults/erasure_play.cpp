#include "erasure_play.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "ended_recording.hpp"
#include "fault_play.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::faults {
namespace {

using namespace server::test;
using consent::ErasedReason;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Who has it erased.
enum class By { host, withdrawal, room, retention };

/// How the phases of each way are called: while it is erased, and after it.
struct Phases {
  By by;
  std::string erasing, erased;
};
const std::array kPhases{
    Phases{By::host, "erasing", "erased"},
    Phases{By::withdrawal, "erasing after a withdrawal", "erased after a withdrawal"},
    Phases{By::room, "erasing with its room", "erased with its room"},
    Phases{By::retention, "erasing at the end", "erased at the end"},
};

const EndedRecording& kept_for_a_day() {
  static const EndedRecording one(consent::SpanMs{86'400'000});
  return one;
}

/// Its time is over.
const EndedRecording& kept_for_seconds() {
  static const EndedRecording one(consent::SpanMs{6'000});
  await([] { return server::wall_time() > one.until; });
  return one;
}

class Erasure : private FaultPlay {
 public:
  Erasure(const Phases& phases, const std::optional<Fault>& fault)
      : FaultPlay(fault, Sweeps::often),
        phases_(phases),
        of_(phases.by == By::retention ? kept_for_seconds() : kept_for_a_day()),
        target_("/api/v1/recordings/" + of_.recording.hex()) {
    fs::copy(of_.data, data_, fs::copy_options::recursive);
  }

  Played play() {
    try {
      start_service();
      enter(phases_.erasing);
      if (phases_.by == By::withdrawal)
        withdraw();
      else
        erase();
    } catch (const std::exception& failure) {
      complain(std::string("the script broke off: ") + failure.what());
    }
    disk_.heal();
    end_service();
    return finish();
  }

 private:
  Reply get(const std::string& below) const { return service_->fetch("GET", target_ + below, of_.login); }

  // ---- the whole recording

  void erase() {
    Answer answer = Answer::done;
    if (phases_.by != By::retention) answer = ask_for_erasure();
    until_it_is_gone();  // by itself
    // A room goes on being deleted when that is asked for again.
    if (phases_.by == By::room && answer == Answer::refused) until_done(204, [&] { return order(); });
    enter(phases_.erased);
    it_stays_erased();
    if (phases_.by != By::host) return;
    end_service();
    enter(phases_.erased);
    start_service();
    it_stays_erased();
  }

  Reply order() const {
    if (phases_.by == By::room)
      return service_->fetch("DELETE", "/api/v1/account", of_.login,
                             std::string(R"({"password":")") + kPassword + R"("})");
    return service_->fetch("DELETE", target_, of_.login);
  }

  /// Where the disk kept it on the list of its room, the first one to ask again takes it off.
  Reply order_again() const {
    const Reply reply = order();
    return reply.status == 204 && fault_ ? order() : reply;
  }

  enum class Answer { done, refused };

  /// Whoever is told that the disk failed before the erasure was noted asks again.
  Answer ask_for_erasure() {
    for (;;) {
      const Reply reply = order();
      if (reply.status == 204) return Answer::done;
      check_told(reply.body);
      if (reply.status != 503) complain("answered " + std::to_string(reply.status) + " " + reply.body);
      const bool begun = has_begun();
      if (begun) nothing_is_given_out();
      disk_.heal();
      if (begun) return Answer::refused;
      if (!may_keep_it_from_beginning()) complain("it has not begun, though it could be noted");
    }
  }

  /// The note in the ledger is the first thing that is written; and before that it is looked up who asks, and for what.
  bool may_keep_it_from_beginning() const {
    return fault_->place.file.starts_with("ledger.db") || fault_->place.operation == "sqlite read";
  }

  /// As the list tells it.
  bool has_begun() {
    const Json list = until_done(200, [&] { return service_->fetch("GET", "/api/v1/recordings", of_.login); });
    for (const Json& one : list.at("recordings"))
      if (one.at("recording") == of_.recording.hex()) return one.at("state") == "erasing";
    return true;
  }

  fs::path files() const { return data_ / "blobs" / of_.recording.hex(); }

  void nothing_is_given_out() {
    for (const std::string& below : {std::string(), std::string("/bundle"), std::string("/tracks"),
                                     "/keys/" + of_.annas_approval.hex(), "/keys/" + of_.bens_approval.hex()}) {
      const Reply reply = get(below);
      if (reply.status < 400) complain("given out while it is erased: " + (below.empty() ? "the entries" : below));
    }
  }

  /// The sweep tries again and again, in vain as long as the disk fails. Whoever asks whether it is gone may be told
  /// that the disk failed, and asks again.
  void until_it_is_gone() {
    await([&] {
      if (disk_.is_failing()) {
        std::this_thread::sleep_for(300ms);
        nothing_is_given_out();
        disk_.heal();
      }
      const Reply erasure = get("/erasure");
      if (erasure.status >= 500) told(erasure);
      if (erasure.status != 200 || fs::exists(files())) return false;
      const Reply details = get("");  // off the list last of all
      if (details.status >= 500) told(details);
      return details.status == 404 || details.status == 401;
    });
  }

  ErasedReason expected_reason() const {
    if (phases_.by == By::room) return ErasedReason::room_deleted;
    return phases_.by == By::host ? ErasedReason::recording_deleted : ErasedReason::retention;
  }

  void it_stays_erased() {
    nothing_is_given_out();
    const Json said = until_done(200, [&] { return get("/erasure"); });
    const auto envelope = crypto::from_base64(said.at("envelope").get<std::string>()).value();
    const auto erased = consent::parse_statement<consent::Erased>(crypto::as_text(envelope)).value().body;
    if (erased.reason != expected_reason() || erased.what != std::vector<std::string>{"recording"})
      complain("the ledger says something else than what happened");
    until_done(410, [&] { return post_statement(*service_, of_.bens_withdrawal); });
    if (phases_.by != By::room) until_done(404, [&] { return order_again(); });
    if (fs::exists(files())) complain("its files are there again");
  }

  // ---- what Ben takes back when it is over

  void withdraw() {
    for (;;) {
      const Reply reply = post_statement(*service_, of_.bens_withdrawal);
      if (reply.status == 201) {
        if (files_of_ben() != 0) complain("files stay after a withdrawal that was acknowledged");
        break;
      }
      check_told(reply.body);
      if (json_text(reply.body, "code") == "proof_follows") {  // it is in effect
        nothing_of_ben_is_given_out();
        break;
      }
      if (fault_->place.operation != "sqlite read") complain("a withdrawal was answered " + reply.body);
      disk_.heal();
    }
    disk_.heal();
    await([&] { return count("withdrawal") == 1 && count("erased") >= 1; });  // by itself
    nothing_of_ben_is_given_out();
    if (files_of_ben() != 0) complain("files stay after a withdrawal");
    enter(phases_.erased);
    until_done(201, [&] { return post_statement(*service_, of_.bens_withdrawal); });
    if (count("withdrawal") != 1) complain("one withdrawal stands in the ledger more than once");
    nothing_of_ben_is_given_out();
    until_answered(200, [&] { return get("/keys/" + of_.annas_approval.hex()); });
    until_answered(200, [&] { return get("/bundle"); });
  }

  std::string mark_of_ben() const { return "-" + of_.bens_approval.hex().substr(0, 16) + "-f"; }

  std::ptrdiff_t files_of_ben() const {
    return std::ranges::count_if(fs::directory_iterator(files()), [&](const auto& file) {
      return file.path().filename().string().find(mark_of_ben()) != std::string::npos;
    });
  }

  void nothing_of_ben_is_given_out() {
    if (get("/keys/" + of_.bens_approval.hex()).status < 400) complain("a key is given out after its withdrawal");
    const Reply tracks = get("/tracks");
    if (tracks.status == 200 && tracks.body.find(mark_of_ben()) != std::string::npos)
      complain("a track is listed after its withdrawal");
  }

  std::ptrdiff_t count(const std::string& kind) {
    const Json details = until_done(200, [&] { return get(""); });
    const Json& entries = details.at("entries");
    return std::count_if(entries.begin(), entries.end(), [&](const Json& entry) { return entry.at("kind") == kind; });
  }

  const Phases& phases_;
  const EndedRecording& of_;
  const std::string target_;
};

Played play_all(const std::vector<By>& ways, const std::optional<Fault>& fault) {
  Played all;
  for (const Phases& phases : kPhases) {
    if (std::ranges::count(ways, phases.by) == 0) continue;
    const bool is_meant = fault && (fault->place.phase == phases.erasing || fault->place.phase == phases.erased);
    if (fault && !is_meant) continue;
    Played one = Erasure(phases, fault).play();
    if (fault) return one;
    all.complaints.insert(all.complaints.end(), one.complaints.begin(), one.complaints.end());
    std::erase_if(one.places, [&](const auto& item) {
      return item.first.phase != phases.erasing && item.first.phase != phases.erased;
    });
    all.places.merge(one.places);
    all.log += one.log;
  }
  return all;
}

}  // namespace

Played play_erasure(const std::optional<Fault>& fault) {
  return play_all({By::host, By::withdrawal, By::room}, fault);
}

Played play_retention(const std::optional<Fault>& fault) {
  return play_all({By::retention}, fault);
}

}  // namespace unavoce::faults
