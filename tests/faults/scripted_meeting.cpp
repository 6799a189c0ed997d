#include "scripted_meeting.hpp"

#include <algorithm>
#include <fstream>

#include "aftermath.hpp"
#include "fault_play.hpp"
#include "publishing.hpp"
#include "tests/patience.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::faults {
namespace {

using namespace server::test;
using recorder::test::Publisher;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Script : private FaultPlay {
 public:
  explicit Script(const std::optional<Fault>& fault) : FaultPlay(fault) {}

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
    return finish();
  }

 private:
  // ---- the steps

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
    anna_media_ = publish(*service_, annas);
    ben_media_ = publish(*service_, bens);
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
    if (anna_->gate.at("state") == "open") anna_->wait_for_gate("closed");  // the take that he was in ends
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
    end_service();
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
    end_service();
  }

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

Played play_meeting(const std::optional<Fault>& fault) {
  return Script(fault).play();
}

}  // namespace unavoce::faults
