// A backup that is older than a withdrawal is put back: it does not start where somebody remembers more, and where
// nobody does it revives nothing, as long as the erasure slots are the current ones (docs/adr/0006).

#include <algorithm>
#include <catch2/catch.hpp>

#include "consent/withdrawal_confirmation.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

/// The host, at a service that was started again.
Headers logged_in(const Service& server) {
  const Reply reply =
      server.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})");
  const std::string cookie = reply.headers.at("set-cookie");
  return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

/// Why a service does not start with these settings; empty if it does.
std::string refusal(const std::function<void(Config&)>& settings) {
  try {
    const RunningServer started(settings);
    return {};
  } catch (const std::exception& refused) {
    return refused.what();
  }
}

/// What is put back. The slots never are: no backup holds them (docs/OPERATING.md).
enum class PutBack { all_but_the_slots, the_ledger_alone };

/// A meeting was recorded, backed up, and then Ben took back what he had approved. The service runs again on the
/// backup, and nobody tells it that it is one.
class Restored {
 public:
  explicit Restored(PutBack what, const std::function<void(Config&)>& change = {}) {
    auto first = std::make_unique<RunningServer>([&](Config& config) { config.data_folder = data_; });
    Recorded meeting(*first);
    recording = meeting.recording();
    annas = meeting.anna.last_approval;
    bens = meeting.ben.last_approval;
    anna_key = crypto::SigningKey::from_seed(meeting.anna.key.seed().view()).value();
    ben_key = crypto::SigningKey::from_seed(meeting.ben.key.seed().view()).value();
    bens_withdrawal = meeting.ben.withdrawal();
    copy_folder(data_, folder_.path() / "backup");
    if (post_statement(*first, bens_withdrawal).status != 201) throw std::runtime_error("Ben could not withdraw");
    first.reset();
    put_back(what);
    server = std::make_unique<RunningServer>([&](Config& config) {
      config.data_folder = data_;
      if (change) change(config);
    });
    host.emplace(meeting.host, *server, logged_in(*server));
  }

  bool has_files_of(const consent::StatementId& approval) const {
    const std::string mark = "-" + approval.hex().substr(0, 16) + "-";
    for (const auto& file : fs::recursive_directory_iterator(data_ / "blobs")) {
      if (file.path().filename().string().find(mark) != std::string::npos) return true;
    }
    return false;
  }
  std::ptrdiff_t entries_of_kind(const std::string& kind) const {
    const auto kinds = kinds_of(*server, *host, recording);
    return std::count(kinds.begin(), kinds.end(), kind);
  }

 private:
  TemporaryFolder folder_;
  fs::path data_ = folder_.path() / "data";

  void put_back(PutBack what) const {
    const fs::path backup = folder_.path() / "backup";
    if (what == PutBack::all_but_the_slots) {
      fs::copy_file(data_ / "slots", backup / "slots", fs::copy_options::overwrite_existing);
      return copy_folder(backup, data_);
    }
    for (const char* name : {"ledger.db", "ledger.db-wal", "ledger.db-shm"}) {
      fs::remove(data_ / name);
      if (fs::exists(backup / name)) fs::copy_file(backup / name, data_ / name);
    }
  }

 public:
  consent::RecordingId recording;
  consent::StatementId annas;
  consent::StatementId bens;
  crypto::SigningKey anna_key = crypto::SigningKey::generate();
  crypto::SigningKey ben_key = crypto::SigningKey::generate();
  std::string bens_withdrawal;  ///< of everything
  std::unique_ptr<RunningServer> server;
  std::optional<Host> host;
};

}  // namespace

TEST_CASE("a backup from before a withdrawal, put back whole, does not start where the newest checkpoint is kept",
          "[meeting][backup]") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  const fs::path copy = folder.path() / "elsewhere" / "checkpoint";
  fs::create_directory(copy.parent_path());
  const auto settings = [&](Config& config) {
    config.data_folder = data;
    config.ledger_checkpoint_copy = copy;
  };
  {
    const RunningServer server(settings);
    const Recorded meeting(server);
    copy_folder(data, folder.path() / "backup");
    REQUIRE(post_statement(server, meeting.ben.withdrawal()).status == 201);
  }
  const std::string newest = text_of(copy);
  copy_folder(data, folder.path() / "newest");
  copy_folder(folder.path() / "backup", data);
  const auto unwitnessed = [&](Config& config) {
    settings(config);
    config.start = Config::Start::unwitnessed;  // which is for those who say nothing
  };
  for (const std::string& why : {refusal(settings), refusal(unwitnessed)}) {
    CHECK_THAT(why, Catch::Contains("has seen another ledger than this one") && Catch::Contains("rolled back"));
    CHECK_THAT(why, Catch::Contains("No recording starts") && Catch::Contains("A backup was restored"));
  }
  CHECK(text_of(copy) == newest);
  copy_folder(folder.path() / "newest", data);
  CHECK(refusal(settings).empty());
}

TEST_CASE("an older ledger beside the current slots revives no key that was erased, and costs nobody else theirs",
          "[meeting][backup]") {
  for (const PutBack what : {PutBack::all_but_the_slots, PutBack::the_ledger_alone}) {
    CAPTURE(static_cast<int>(what));
    const Restored restored(what);
    REQUIRE(restored.entries_of_kind("withdrawal") == 0);  // it has no idea
    check_problem(wrapped_key(*restored.server, *restored.host, restored.recording, restored.bens), 410, "gone");
    CHECK(wrapped_key(*restored.server, *restored.host, restored.recording, restored.annas).status == 200);
  }
}

TEST_CASE("a service told to start on an older ledger although nobody could be asked gives out no key that was erased",
          "[meeting][backup]") {
  const TemporaryFolder elsewhere;
  const Restored restored(PutBack::all_but_the_slots, [&](Config& config) {
    config.ledger_checkpoint_copy = elsewhere.path() / "lost with its disk";
    config.start = Config::Start::unwitnessed;
  });
  CHECK_THAT(restored.server->log_text(), Catch::Contains("started without comparing the ledger with"));
  check_problem(wrapped_key(*restored.server, *restored.host, restored.recording, restored.bens), 410, "gone");
}

TEST_CASE("on an older ledger nobody is recorded on the approval they took back, only on an answer of their own",
          "[meeting][backup]") {
  const Restored restored(PutBack::all_but_the_slots);
  Attendee ben(*restored.host, Attendee::As::participant, "Ben", {.key = &restored.ben_key});
  Attendee anna(*restored.host, Attendee::As::host, "Anna", {.key = &restored.anna_key});
  REQUIRE(anna.confirm(restored.annas).at("type") == "confirmed");
  CHECK_FALSE(ben.was_sent("take"));
  CHECK(ben.gate.at("state") == "closed");
  CHECK(ben.gate.at("waiting_for") == Json::array({ben.participant}));  // his answer is what is missing
  REQUIRE(post_statement(*restored.server, restored.bens_withdrawal).status == 201);
  CHECK(ben.confirm(restored.bens).at("code") == "unknown_reference");
  CHECK(restored.entries_of_kind("take") == 1);  // the one of the backup
}

TEST_CASE("a withdrawal that an older ledger has lost erases and is proven when it is sent again",
          "[meeting][backup][withdrawal]") {
  for (const PutBack what : {PutBack::all_but_the_slots, PutBack::the_ledger_alone}) {
    CAPTURE(static_cast<int>(what));
    const Restored restored(what);
    // What a backup of the files brings back is sealed to a key that only Ben has.
    CHECK(restored.has_files_of(restored.bens) == (what == PutBack::all_but_the_slots));
    const Reply reply = post_statement(*restored.server, restored.bens_withdrawal);
    REQUIRE(reply.status == 201);
    const auto confirmation = consent::withdrawal_confirmation_from_answer(reply.body, restored.bens_withdrawal);
    REQUIRE(confirmation);
    const auto ledger = crypto::NoteVerifier::parse(restored.host->room.ledger.vkey);
    REQUIRE(ledger);
    CHECK(consent::verify_withdrawal_confirmation(confirmation.value(), ledger.value()));
    const auto erased = statements_of<consent::Erased>(*restored.server, *restored.host, restored.recording);
    REQUIRE(erased.size() == 1);
    CHECK(erased.front().body.reason == consent::ErasedReason::withdrawal);
    CHECK_THAT(erased.front().body.what, Catch::VectorContains("wrapped:" + restored.bens.hex()));
    CHECK_FALSE(restored.has_files_of(restored.bens));
    check_problem(wrapped_key(*restored.server, *restored.host, restored.recording, restored.bens), 410, "gone");
  }
}
