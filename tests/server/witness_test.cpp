// A service and the witnesses of its ledger, which are the real `unavoce witness`: cosigned as long as the ledger
// grows; a restored backup, a fork, and a service that cannot ask anybody do not start.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "consent/checkpoint.hpp"
#include "crypto/cosignature.hpp"
#include "filled_ledger.hpp"
#include "http_client.hpp"
#include "running_server.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// `unavoce witness` as a process, on a free port.
class WitnessProcess {
 public:
  WitnessProcess(const fs::path& folder, const std::string& log_vkey) {
    int said[2];
    REQUIRE(pipe(said) == 0);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      dup2(said[1], STDOUT_FILENO);
      execl(UNAVOCE_PROGRAM, "unavoce", "witness", "--json", "--folder", folder.c_str(), "--name", "witness.example",
            "--log", log_vkey.c_str(), "--port", "0", nullptr);
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
  fs::path copy = folder.path() / "checkpoint";

  explicit Place(std::uint64_t size) {
    fs::create_directory(data);
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

template <class Holds>
bool within_seconds(int seconds, Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
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
  place.back_up();
  fill_ledger(place.data, 9);
  const auto with_copy = [&](Config& config) { config.ledger_checkpoint_copy = place.copy; };
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("is not there"));
  std::ofstream(place.copy) << "";  // as an operator who begins to keep one would not do
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("is not there"));
  fs::remove(place.copy);
  place.restore();
  fs::remove_all(place.data / "ledger.db");
  for (const char* rest : {"ledger.db-wal", "ledger.db-shm"}) fs::remove_all(place.data / rest);
  {
    const auto server = place.run(with_copy);  // an empty ledger begins its copy
    CHECK(fs::exists(place.copy));
  }
  fill_ledger(place.data, 9);
  {
    const auto server = place.run(with_copy);
    CHECK(within_seconds(15, [&] { return text_of(place.copy).find("\n9\n") != std::string::npos; }));
  }
  CHECK(place.refusal(with_copy).empty());
  place.restore();
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("rolled back"));
  fill_ledger(place.data, 20, "another history ");
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("forked"));
  std::ofstream(place.copy) << "example.org/other\n1\nx\n";
  CHECK_THAT(place.refusal(with_copy), Catch::Contains("another ledger"));
}

TEST_CASE("a service that can ask nobody does not start, and one that can ask somebody does", "[witness]") {
  const Place place(3);
  const auto witness = place.witness();
  const WitnessSetting gone{"http://127.0.0.1:1", witness->setting().key};
  CHECK_THAT(place.refusal([&](Config& config) { config.witnesses = {gone}; }),
             Catch::Contains("nobody could say") && Catch::Contains("cannot be reached"));
  const auto server = place.run([&](Config& config) { config.witnesses = {gone, witness->setting()}; });
  CHECK_THAT(server->log_text(), Catch::Contains("could not be compared with everybody"));
  CHECK(within_seconds(15, [&] { return is_cosigned(*server, witness->setting(), 3); }));
}

TEST_CASE("a witness that falls silent is told once, and so is its return", "[witness]") {
  const Place place(3);
  auto witness = place.witness();
  const auto setting = witness->setting();
  const auto server = place.run([&](Config& config) { config.witnesses = {setting}; });
  REQUIRE(within_seconds(15, [&] { return is_cosigned(*server, setting, 3); }));
  witness->stop();
  CHECK(within_seconds(15, [&] { return !is_cosigned(*server, setting, 3); }));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const std::string log = server->log_text();
  const auto first = log.find("goes without witness.example");
  REQUIRE(first != std::string::npos);
  CHECK(log.find("goes without witness.example", first + 1) == std::string::npos);
}
