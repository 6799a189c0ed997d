// A service and the witnesses of its ledger, which are the real `unavoce witness`: cosigned as long as the ledger
// grows; a restored backup, a fork, and a service that cannot ask anybody do not start.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attendee.hpp"
#include "consent/checkpoint.hpp"
#include "crypto/cosignature.hpp"
#include "filled_ledger.hpp"
#include "http_client.hpp"
#include "running_server.hpp"
#include "silent_witness.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// `unavoce witness` as a process, on a free port.
class WitnessProcess {
 public:
  WitnessProcess(const fs::path& folder, const std::string& log_vkey, const std::string& port = "0") {
    int said[2];
    REQUIRE(pipe(said) == 0);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      dup2(said[1], STDOUT_FILENO);
      execl(UNAVOCE_PROGRAM, "unavoce", "witness", "--json", "--folder", folder.c_str(), "--name", "witness.example",
            "--log", log_vkey.c_str(), "--port", port.c_str(), nullptr);
      _exit(127);
    }
    close(said[1]);
    std::string line;
    for (char c = 0; read(said[0], &c, 1) == 1 && c != '\n';) line += c;
    close(said[0]);
    const auto ready = nlohmann::json::parse(line);
    url_ = ready.at("url");
    vkey_ = ready.at("vkey");
  }
  ~WitnessProcess() { stop(); }
  WitnessProcess(const WitnessProcess&) = delete;
  WitnessProcess& operator=(const WitnessProcess&) = delete;

  void stop() {
    if (child_ <= 0) return;
    kill(child_, SIGTERM);
    int status = 0;
    waitpid(child_, &status, 0);
    CHECK(WEXITSTATUS(status) == 0);
    child_ = -1;
  }
  WitnessSetting setting() const { return {url_, crypto::CosignatureVerifier::parse(vkey_).value()}; }

 private:
  pid_t child_ = -1;
  std::string url_;
  std::string vkey_;
};

/// A service's data folder, a witness of its ledger, and a place for the copy of its checkpoint.
struct Place {
  TemporaryFolder folder;
  fs::path data = folder.path() / "data";
  fs::path copy = folder.path() / "elsewhere/checkpoint";

  explicit Place(std::uint64_t size) {
    fs::create_directory(data);
    fs::create_directory(copy.parent_path());
    fill_ledger(data, size);
  }
  std::string ledger_vkey() const { return ServiceKeys::open(data, "example.org/unavoce/test").value().ledger.vkey(); }
  std::unique_ptr<WitnessProcess> witness() const {
    return std::make_unique<WitnessProcess>(folder.path() / "witness", ledger_vkey());
  }
  Config config(const std::function<void(Config&)>& change) const {
    Config config;
    config.data_folder = data;
    config.web_root = folder.path() / "no pages";
    config.listen_port = 0;
    config.ledger_publish_seconds = 1;
    change(config);
    return config;
  }
  /// Why a service does not start on this data; empty if it does.
  std::string refusal(const std::function<void(Config&)>& change) const {
    Log log(LogLevel::error, [](std::string_view) {});
    const auto server = Server::open(config(change), log);
    return server ? std::string() : server.error().text;
  }
  std::unique_ptr<RunningServer> run(const std::function<void(Config&)>& change) const {
    return std::make_unique<RunningServer>([&](Config& settings) { settings = config(change); });
  }
  void back_up() const { fs::copy(data, folder.path() / "backup", fs::copy_options::recursive); }
  void restore() const {
    fs::remove_all(data);
    fs::copy(folder.path() / "backup", data, fs::copy_options::recursive);
  }
};

std::string published(const RunningServer& server) {
  return server.fetch("GET", "/ledger/checkpoint").body;
}

/// `seconds`: of an ordinary build.
template <class Holds>
bool within_seconds(int seconds, Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + testing::patience(std::chrono::seconds(seconds));
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

/// The published checkpoint carries this witness's cosignature, and covers `size` entries.
bool is_cosigned(const RunningServer& server, const WitnessSetting& witness, std::uint64_t size) {
  const std::string note = published(server);
  const auto time = witness.key.time_in(note);
  return time && time.value() && note.find("\n" + std::to_string(size) + "\n") != std::string::npos;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("what is published carries the cosignature of the witness, also after both were started anew", "[witness]") {
  const Place place(3);
  for (const std::uint64_t size : {3, 3, 300}) {
    CAPTURE(size);
    fill_ledger(place.data, size);
    const auto witness = place.witness();
    const auto server = place.run([&](Config& config) { config.witnesses = {witness->setting()}; });
    CHECK(within_seconds(15, [&] { return is_cosigned(*server, witness->setting(), size); }));
  }
}

TEST_CASE("a restored backup does not start: the witness has seen more", "[witness]") {
  const Place place(3);
  place.back_up();
  fill_ledger(place.data, 9);
  const auto witness = place.witness();
  const auto with_witness = [&](Config& config) { config.witnesses = {witness->setting()}; };
  REQUIRE(place.refusal(with_witness).empty());
  place.restore();
  const std::string why = place.refusal(with_witness);
  CHECK_THAT(why, Catch::Contains("rolled back") && Catch::Contains("9 entries, here are 3"));
  CHECK_THAT(why, Catch::Contains("OPERATING.md"));
}

TEST_CASE("a backup that went on by itself is a fork, and does not start", "[witness]") {
  const Place place(3);
  place.back_up();
  fill_ledger(place.data, 9);
  const auto witness = place.witness();
  const auto with_witness = [&](Config& config) { config.witnesses = {witness->setting()}; };
  REQUIRE(place.refusal(with_witness).empty());
  for (const std::uint64_t size : {9, 20}) {
    CAPTURE(size);
    place.restore();
    fill_ledger(place.data, size, "another history ");
    CHECK_THAT(place.refusal(with_witness), Catch::Contains("forked"));
  }
}

TEST_CASE("the copy of the checkpoint finds a restored backup and a fork, too", "[witness]") {
  const Place place(3);
  const auto with_copy = [&](Config& config) { config.ledger_checkpoint_copy = place.copy; };
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("is not there") && Catch::Contains("--start-unwitnessed"));
  const auto unwitnessed = [&](Config& config) {
    with_copy(config);
    config.start = Config::Start::unwitnessed;
  };
  { const auto server = place.run(unwitnessed); }
  REQUIRE(text_of(place.copy).find("\n3\n") != std::string::npos);
  place.back_up();
  fill_ledger(place.data, 9);
  REQUIRE(place.refusal(with_copy).empty());
  CHECK(text_of(place.copy).find("\n9\n") != std::string::npos);
  place.restore();
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("rolled back"));
  CHECK_THAT(place.refusal(unwitnessed), Catch::Contains("rolled back"));
  fill_ledger(place.data, 20, "another history ");
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("forked"));
  CHECK(text_of(place.copy).find("\n9\n") != std::string::npos);
  std::ofstream(place.copy) << "example.org/other\n1\nx\n";
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("another ledger"));
  std::ofstream(place.copy) << "example.org/unavoce/test\n9\n";  // cut off
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("cannot be read"));
}

TEST_CASE("a new service begins its copy; one whose ledger is gone but not its key does not", "[witness]") {
  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "elsewhere/checkpoint";
  fs::create_directory(folder.path() / "elsewhere");
  const auto change = [&](Config& config) {
    config.data_folder = folder.path() / "data";
    config.ledger_checkpoint_copy = copy;
  };
  { const RunningServer first(change); }
  CHECK(fs::exists(copy));
  fs::remove(copy);
  for (const char* file : {"ledger.db", "ledger.db-wal", "ledger.db-shm"}) fs::remove(folder.path() / "data" / file);
  CHECK_THROWS_WITH(RunningServer(change), Catch::Contains("is not there"));
  CHECK_FALSE(fs::exists(copy));
}

TEST_CASE("where nobody else remembers the ledger a start says so, once, and only there", "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  const std::string warning = "nobody but this machine remembers the ledger's newest state";
  const auto times_said = [&](const std::function<void(Config&)>& change) {
    std::string said;
    Log log(LogLevel::warning, [&](std::string_view line) { said += line; });
    if (const auto server = Server::open(place.config(change), log); !server) FAIL(server.error().text);
    int times = 0;
    for (auto at = said.find(warning); at != std::string::npos; at = said.find(warning, at + 1)) ++times;
    return times;
  };
  CHECK(times_said([](Config&) {}) == 1);
  CHECK(times_said([&](Config& config) { config.witnesses = {witness->setting()}; }) == 0);
  CHECK(times_said([&](Config& config) {
          config.ledger_checkpoint_copy = place.copy;
          config.start = Config::Start::unwitnessed;
        }) == 0);
}

TEST_CASE("a service that cannot ask everybody starts only if it is told to", "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  const WitnessSetting gone{"http://127.0.0.1:1", witness->setting().key};
  const auto both = [&](Config& config) { config.witnesses = {gone, witness->setting()}; };
  CHECK_THAT(place.refusal(both), Catch::Contains("cannot be reached"));
  const auto server = place.run([&](Config& config) {
    both(config);
    config.start = Config::Start::unwitnessed;
  });
  CHECK_THAT(server->log_text(), Catch::Contains("started without comparing the ledger with"));
  CHECK(is_cosigned(*server, witness->setting(), 3));
}

TEST_CASE("nobody cosigns a fork because another witness has not seen enough to know it", "[witness]") {
  const Place place(3);
  place.back_up();
  const auto current = place.witness();
  WitnessProcess fresh(place.folder.path() / "fresh", place.ledger_vkey());
  fill_ledger(place.data, 9);
  REQUIRE(place.refusal([&](Config& config) { config.witnesses = {current->setting()}; }).empty());
  const fs::path newest = place.folder.path() / "newest";
  fs::copy(place.data, newest, fs::copy_options::recursive);
  place.restore();
  fill_ledger(place.data, 20, "another history ");
  const auto both = [&](Config& config) { config.witnesses = {fresh.setting(), current->setting()}; };
  CHECK_THAT(place.refusal(both), Catch::Contains("forked"));
  fs::remove_all(place.data);
  fs::copy(newest, place.data, fs::copy_options::recursive);
  CHECK(place.refusal(both) == "");  // the first one was not spoilt
}

TEST_CASE("two services on copies of one ledger: the one that finds out ends, and says why", "[witness]") {
  const Place place(3);
  place.back_up();
  const auto witness = place.witness();
  const auto with_witness = [&](Config& config) { config.witnesses = {witness->setting()}; };
  const auto server = place.run(with_witness);
  Place other(1);
  fs::remove_all(other.data);
  fs::copy(place.folder.path() / "backup", other.data, fs::copy_options::recursive);
  fill_ledger(other.data, 9, "another history ");
  REQUIRE(other.refusal(with_witness).empty());  // the witness has seen 9 now
  CHECK(within_seconds(15, [&] { return server->log_text().find("the service ends: ") != std::string::npos; }));
  CHECK_THAT(server->log_text(), Catch::Contains("rolled back"));
}

TEST_CASE("what came last is cosigned and copied when the service is stopped", "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  {
    const auto server = place.run([&](Config& config) {
      config.witnesses = {witness->setting()};
      config.ledger_publish_seconds = 3600;
      config.ledger_checkpoint_copy = place.copy;
      config.start = Config::Start::unwitnessed;
    });
    const Host host(*server);  // makes a room: a fourth entry
  }
  CHECK(text_of(place.copy).find("\n4\n") != std::string::npos);
}

TEST_CASE("witnesses that never answer keep nobody's cosignature back for longer than one of them is waited for",
          "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  std::unique_ptr<RunningServer> server;
  SilentWitness first, second;
  auto starting = std::async(std::launch::async, [&] {
    return place.run([&](Config& config) {
      config.witnesses = {first.setting(witness->setting().key), second.setting(witness->setting().key),
                          witness->setting()};
      config.start = Config::Start::unwitnessed;
      config.ledger_publish_seconds = 3600;
    });
  });
  REQUIRE(first.is_asked());
  REQUIRE(second.is_asked());
  CHECK(first.is_waited_for());  // at once, not one after the other
  server = starting.get();       // has given up both of them by itself
  CHECK(is_cosigned(*server, witness->setting(), 3));
  CHECK_FALSE(first.is_asked(0));  // and has not waited for them once more
  CHECK_FALSE(second.is_asked(0));
}

TEST_CASE("what comes between two publications is in the copy, also while a witness is waited for", "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  std::unique_ptr<RunningServer> server;
  SilentWitness silent;
  auto starting = std::async(std::launch::async, [&] {
    return place.run([&](Config& config) {
      config.witnesses = {silent.setting(witness->setting().key)};
      config.start = Config::Start::unwitnessed;
      config.ledger_checkpoint_copy = place.copy;
    });
  });
  REQUIRE(silent.is_asked());
  silent.hang_up();
  server = starting.get();
  REQUIRE(silent.is_asked());  // by a publication, which waits for its answer now
  const Host host(*server);    // makes a room: a fourth entry
  CHECK(within_seconds(15, [&] { return text_of(place.copy).find("\n4\n") != std::string::npos; }));
  CHECK(silent.is_waited_for());
  // What is published is older than the copy then, and nobody takes that for a ledger that was rolled back.
  silent.hang_up();
  REQUIRE(silent.is_asked());
  CHECK(server->log_text().find("the service ends") == std::string::npos);
}

TEST_CASE("a witness that falls silent is told once, and so is its return", "[witness]") {
  const Place place(3);
  auto witness = place.witness();
  const auto setting = witness->setting();
  const std::string port = setting.url.substr(setting.url.rfind(':') + 1);
  const auto server = place.run([&](Config& config) { config.witnesses = {setting}; });
  REQUIRE(within_seconds(15, [&] { return is_cosigned(*server, setting, 3); }));
  witness->stop();
  CHECK(within_seconds(15, [&] { return !is_cosigned(*server, setting, 3); }));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const std::string log = server->log_text();
  const auto first = log.find("goes without witness.example");
  REQUIRE(first != std::string::npos);
  CHECK(log.find("goes without witness.example", first + 1) == std::string::npos);
  const WitnessProcess again(place.folder.path() / "witness", place.ledger_vkey(), port);
  CHECK(within_seconds(15, [&] { return is_cosigned(*server, setting, 3); }));
  CHECK_THAT(server->log_text(), Catch::Contains("has the ledger's newest checkpoint again"));
}

TEST_CASE("a stop waits some seconds for a witness that says nothing, and the others have seen the last entry",
          "[witness]") {
  const Place place(3);
  place.back_up();
  const auto witness = place.witness();
  SilentWitness silent;
  auto starting = std::async(std::launch::async, [&] {
    return place.run([&](Config& config) {
      config.witnesses = {silent.setting(witness->setting().key), witness->setting()};
      config.start = Config::Start::unwitnessed;
      config.ledger_checkpoint_copy = place.copy;
    });
  });
  REQUIRE(silent.is_asked());
  silent.hang_up();
  std::unique_ptr<RunningServer> server = starting.get();
  REQUIRE(silent.is_asked());    // by a publication under way
  { const Host host(*server); }  // makes a room: a fourth entry
  const auto begin = std::chrono::steady_clock::now();
  server.reset();
  // Two questions; to wait for each as long as otherwise would take it ten seconds and more.
  CHECK(std::chrono::steady_clock::now() - begin < testing::patience(std::chrono::seconds(9)));
  CHECK(text_of(place.copy).find("\n4\n") != std::string::npos);
  place.restore();
  const std::string why = place.refusal([&](Config& config) { config.witnesses = {witness->setting()}; });
  CHECK_THAT(why, Catch::Contains("4 entries, here are 3"));
}
