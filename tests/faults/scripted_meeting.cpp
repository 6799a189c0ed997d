#include "scripted_meeting.hpp"

#include <algorithm>
#include <fstream>
#include <functional>

#include "aftermath.hpp"
#include "allowances.hpp"
#include "faulty_service.hpp"
#include "tests/patience.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/attendee.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::faults {
namespace {

using namespace server::test;
using recorder::test::Publisher;
using recorder::test::PublisherOptions;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Large enough that a second fills several sealed chunks.
PublisherOptions marked() {
  PublisherOptions options;
  options.frames = recorder::test::Frames::numbered;
  options.audio_padding_bytes = 300;
  options.video_padding_bytes = 4000;
  options.address.clear();  // the service, too, uses the machine's addresses
  return options;
}

class Script {
 public:
  explicit Script(const std::optional<Fault>& fault) : fault_(fault) {
    if (fault) disk_.arm(fault->place, fault->trouble, fault->occurrence);
  }

  Played play() {
    try {
      start_service();
      make_account_and_room();
      come_in();
      ask();
      approve();
      record("media", 700ms);
      withdraw();
      go_on_without_ben();
      stop();
      restart();
      look_at_everything();
    } catch (const std::exception& failure) {
      complain(std::string("the script broke off: ") + failure.what());
    }
    disk_.heal();
    close();
    look_at_the_log();
    return {std::move(complaints_), disk_.seen(), disk_.was_hit(), told_, logged_, book_.text()};
  }

 private:
  // ---- what goes wrong

  void complain(const std::string& text) { complaints_.push_back("[" + phase_ + "] " + text); }

  void complain_of(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) complain(text);
  }

  void enter(const std::string& phase) {
    phase_ = phase;
    disk_.enter(phase);
  }

  /// Somebody was told `text` instead of success: only ever because of the disk, and in words.
  void told(const std::string& text) {
    if (!disk_.was_hit() || told_twice_++ > 4) throw std::runtime_error("refused without a cause: " + text);
    told_ = true;
    const auto json = text.find("{\"");
    if (json == std::string::npos) return complain("no problem document: " + text);
    Json problem = Json::parse(text.substr(json), nullptr, false);
    if (problem.is_discarded()) return complain("no problem document: " + text);
    if (problem.contains("problem")) problem = Json(problem.at("problem"));  // as a WebSocket message carries it
    for (const char* key : {"code", "detail"}) {
      if (!problem.contains(key) || problem.at(key).get<std::string>().empty()) complain("without words: " + text);
    }
    disk_.heal();
  }

  /// Does something until it answers `status`.
  Json until_done(unsigned status, const std::function<Reply()>& act) {
    for (;;) {
      const Reply reply = act();
      if (reply.status == status) return reply.body.empty() ? Json() : Json::parse(reply.body);
      if (reply.status < 400) complain("answered " + std::to_string(reply.status) + " " + reply.body);
      told(reply.body);
    }
  }

  template <class Act>
  void until_it_works(Act act) {
    for (;;) {
      try {
        return act();
      } catch (const std::exception& failure) {
        told(failure.what());
      }
    }
  }

  // ---- the steps

  void start_service() {
    for (;;) {
      try {
        service_ = std::make_unique<FaultyService>(data_, disk_, book_);
        return;
      } catch (const std::exception& failure) {
        if (!disk_.was_hit() || told_twice_++ > 4) throw;
        told_ = true;
        start_errors_ += failure.what() + std::string("\n");
        disk_.heal();
      }
    }
  }

  void make_account_and_room() {
    enter("account");
    int tries = 0;
    until_it_works([&] {
      enter("account");
      host_.emplace(
          *service_, [&](consent::Room&) { enter("room"); }, "host" + std::to_string(++tries));
    });
    user_ = "host" + std::to_string(tries);
  }

  void come_in() {
    enter("join");
    until_it_works([&] { anna_.emplace(*host_, Attendee::As::host, "Anna"); });
    until_it_works([&] { ben_.emplace(*host_, Attendee::As::participant, "Ben"); });
  }

  void ask() {
    enter("request");
    until_it_works([&] { anna_->ask(); });
    acknowledged_.push_back(anna_->request->id);
    recording_ = anna_->request->body.recording;
    ben_->wait_for_request();
  }

  Json approval_of(Attendee& person) {
    Json answer = until_done(201, [&] {
      person.was_sent("challenge");  // whatever is on its way
      return person.approve();
    });
    acknowledged_.push_back(person.last_approval);
    approvals_.push_back({person.last_approval,
                          crypto::Identity::parse(crypto::as_text(person.consent_key->secret_text().view())).value()});
    return answer.at("publish");
  }

  void approve() {
    enter("approval");
    const Json annas = approval_of(*anna_);
    enter("last approval");
    const Json bens = approval_of(*ben_);
    gate_opens();
    enter("media");
    anna_media_ = publish(annas);
    ben_media_ = publish(bens);
  }

  std::unique_ptr<Publisher> publish(const Json& place) {
    auto publisher = std::make_unique<Publisher>(marked());
    const Headers headers = {{"Authorization", "Bearer " + place.at("token").get<std::string>()},
                             {"Content-Type", "application/sdp"}};
    const Reply answer = service_->fetch("POST", place.at("url").get<std::string>(), headers, publisher->offer());
    if (answer.status != 201) throw std::runtime_error("no WHIP session: " + answer.body);
    publisher->accept(answer.body);
    return publisher;
  }

  /// Waits for the gate to be open; heals the disk once the host has been told why it is closed.
  void gate_opens() {
    const auto deadline = std::chrono::steady_clock::now() + testing::patience(30s);
    while (anna_->gate.at("state") != "open") {
      look_at_gate();
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the gate does not open");
    }
  }

  void look_at_gate() {
    anna_->look(20ms);
    if (anna_->gate.at("state") == "open") return;
    const std::string reason = anna_->gate.value("reason", "");
    if (reason != "ledger_fault" && reason != "recorder_fault") return;
    if (!disk_.was_hit()) complain("a fault without a fault: " + reason);
    told_ = true;
    if (!disk_.is_failing()) return;
    nothing_is_written_now();
    disk_.heal();
  }

  /// The gate is closed by a fault, and media keeps coming in.
  void nothing_is_written_now() {
    std::this_thread::sleep_for(testing::patience(400ms));  // what arrived before the closing is written until then
    const auto before = bytes_of(*service_, ".age");
    std::this_thread::sleep_for(150ms);
    if (bytes_of(*service_, ".age") > before) complain("files grow while the gate is closed");
  }

  /// Records for a while with the gate open.
  void record(const std::string& phase, std::chrono::milliseconds time) {
    enter(phase);
    const auto enough = std::chrono::steady_clock::now() + testing::patience(time);
    while (std::chrono::steady_clock::now() < enough) look_at_gate();
    gate_opens();
    if (!disk_.was_hit()) return;
    // After a fault there is something in the next take.
    const auto more = std::chrono::steady_clock::now() + testing::patience(300ms);
    while (std::chrono::steady_clock::now() < more) look_at_gate();
    gate_opens();
  }

  std::size_t files_of_ben() const {
    const std::string mark = "-" + ben_->last_approval.hex().substr(0, 16) + "-f";
    std::size_t count = 0;
    std::error_code gone;
    for (const auto& file : fs::directory_iterator(data_ / "blobs" / recording_.hex(), gone))
      count += file.path().filename().string().find(mark) != std::string::npos;
    return count;
  }

  bool only_the_ledger_fails() const {
    return disk_.is_failing() && fault_->trouble != Trouble::read_only && fault_->trouble != Trouble::dead &&
           fault_->place.file.starts_with("ledger.db");
  }

  void withdraw() {
    enter("withdrawal");
    const std::string envelope = ben_->withdrawal();
    const Reply reply = post_statement(*service_, envelope);
    const auto id = consent::parse_statement<consent::Withdrawal>(envelope).value().id;
    if (reply.status == 201)
      acknowledged_.push_back(id);
    else if (json_text(reply.body, "code") != "proof_follows")
      complain("a withdrawal was answered " + reply.body);
    else
      told_ = true;
    if (reply.status == 201 || only_the_ledger_fails()) {
      if (files_of_ben() != 0) complain("files stay after a withdrawal");
      if (wrapped_key_status(ben_->last_approval) == 200) complain("the key can be read after a withdrawal");
    }
    if (ben_->gate.at("state") == "open") ben_->wait_for_gate("closed");
    if (disk_.is_failing()) std::this_thread::sleep_for(300ms);  // it is tried again, in vain
    disk_.heal();
    enter("withdrawal, afterwards");
    await([&] {
      const auto kinds = kinds_now();
      return std::ranges::count(kinds, "withdrawal") == 1 && std::ranges::count(kinds, "erased") >= 1;
    });
    await([&] { return files_of_ben() == 0 && wrapped_key_status(ben_->last_approval) == 410; });
    acknowledged_.push_back(id);
    withdrawn_ = ben_->last_approval;
  }

  /// 200, or 410 once it is erased. Whoever is told that the disk failed asks again.
  unsigned wrapped_key_status(const consent::StatementId& approval) {
    for (;;) {
      const Reply reply =
          service_->fetch("GET", "/api/v1/recordings/" + recording_.hex() + "/keys/" + approval.hex(), host_->login);
      if (reply.status < 500) return reply.status;
      told(reply.body);
    }
  }

  Json details() {
    return until_done(200,
                      [&] { return service_->fetch("GET", "/api/v1/recordings/" + recording_.hex(), host_->login); });
  }

  std::vector<std::string> kinds_now() {
    std::vector<std::string> kinds;
    const Json all = details();
    for (const Json& entry : all.at("entries")) kinds.push_back(entry.at("kind"));
    return kinds;
  }

  void go_on_without_ben() {
    enter("leaving");
    ben_media_.reset();
    ben_.reset();
    gate_opens();
    record("next take", 350ms);
  }

  void stop() {
    enter("stop");
    until_done(204, [&] {
      return service_->fetch("POST", "/api/v1/recordings/" + recording_.hex() + "/stop", host_->login, "{}");
    });
    anna_->look(20ms);
    if (anna_->gate.at("state") == "open") anna_->wait_for_gate("closed");
  }

  void restart() {
    enter("end");
    anna_media_sent_ = anna_media_->numbered();
    anna_media_.reset();
    anna_.reset();
    service_.reset();
    enter("restart");
    start_service();
    enter("after the restart");
    const std::string body = R"({"user":")" + user_ + R"(","password":")" + kPassword + R"("})";
    Headers cookie;
    until_done(200, [&] {
      const Reply login = service_->fetch("POST", "/api/v1/login", {}, body);
      if (login.status == 200) {
        const std::string& text = login.headers.at("set-cookie");
        cookie = {{"Cookie", text.substr(0, text.find(';'))}};
      }
      return login;
    });
    const Host again(*host_, *service_, cookie);
    host_.emplace(again, *service_, cookie);
  }

  // ---- afterwards

  void look_at_everything() {
    for (const auto& id : acknowledged_)
      until_done(200, [&] { return service_->fetch("GET", "/api/v1/statements/" + id.hex() + "/receipt"); });
    every_take_is_sealed();
    Reply tar;
    until_it_works([&] {
      tar = service_->fetch("GET", "/api/v1/recordings/" + recording_.hex() + "/bundle", host_->login);
      if (tar.status != 200) throw std::runtime_error(tar.body);
    });
    const fs::path path = folder_.path() / "bundle.tar";
    std::ofstream(path, std::ios::binary) << tar.body;
    complain_of(wrong_in_bundle(path, {*host_, approvals_, withdrawn_, anna_media_sent_, book_.gate()}));
    complain_of(media_in_the_clear(data_));
  }

  bool all_is_sealed() {
    const auto kinds = kinds_now();
    return std::ranges::count(kinds, "take") == std::ranges::count(kinds, "seal") - 1;
  }

  /// A seal that the disk refused is owed, the operator is told, and it follows.
  void every_take_is_sealed() {
    if (all_is_sealed()) return;
    if (!disk_.was_hit()) return complain("takes without a seal");
    told_ = true;
    disk_.heal();
    await([&] { return all_is_sealed(); });
  }

  void close() {
    enter("end");
    anna_media_.reset();
    ben_media_.reset();
    anna_.reset();
    ben_.reset();
    service_.reset();
  }

  /// Whoever runs the machine finds the file in the log, or in what the program said when it did not start. If the
  /// whole disk fails for long, it may be another one: of a file that may fail in silence nobody is told.
  void look_at_the_log() {
    if (!disk_.was_hit()) return;
    logged_ = is_named_in(book_.text() + start_errors_, *fault_);
    if (told_ && !logged_ && why_silent(*fault_).empty()) complain("no line of the log names " + fault_->place.file);
  }

  const std::optional<Fault> fault_;
  TemporaryFolder folder_;
  const fs::path data_ = folder_.path() / "data";
  FaultyDisk disk_{data_};
  LogBook book_;
  std::string phase_ = "start";
  std::vector<std::string> complaints_;
  std::string start_errors_;
  bool told_ = false;
  bool logged_ = false;
  int told_twice_ = 0;

  std::unique_ptr<FaultyService> service_;
  std::optional<Host> host_;
  std::string user_;
  std::optional<Attendee> anna_, ben_;
  std::unique_ptr<Publisher> anna_media_, ben_media_;
  std::vector<recorder::test::SentFrame> anna_media_sent_;
  consent::RecordingId recording_;
  std::vector<consent::StatementId> acknowledged_;
  std::vector<std::pair<consent::StatementId, crypto::Identity>> approvals_;
  consent::StatementId withdrawn_;
};

}  // namespace

std::string Fault::text() const {
  const std::string first = place.text() + ", " + name_of(trouble);
  if (time == Time::first) return first;
  return first + (time == Time::second ? ", the second time" : ", the last time");
}

Played play_meeting(const std::optional<Fault>& fault) {
  return Script(fault).play();
}

}  // namespace unavoce::faults
