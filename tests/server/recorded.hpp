// A meeting in which everybody approved, and what tests look at afterwards: the ledger's entries, the files, problems.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "attendee.hpp"
#include "consent/ledger_entry.hpp"
#include "running_server.hpp"
#include "storage/database.hpp"

namespace unavoce::server::test {

/// The kinds of a recording's ledger entries, in order.
inline std::vector<std::string> kinds_of(const RunningServer& server, const Host& host,
                                         const consent::RecordingId& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording.hex(), host.login);
  std::vector<std::string> kinds;
  const Json details = Json::parse(reply.body);
  for (const Json& entry : details.at("entries")) kinds.push_back(entry.at("kind"));
  return kinds;
}

/// What the ledger holds of one kind in a recording, in order.
template <class S>
std::vector<consent::Signed<S>> statements_of(const RunningServer& server, const Host& host,
                                              const consent::RecordingId& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording.hex(), host.login);
  std::vector<consent::Signed<S>> statements;
  const Json details = Json::parse(reply.body);
  for (const Json& entry : details.at("entries")) {
    if (entry.at("kind").get<std::string>() != consent::kind_name<S>()) continue;
    const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
    statements.push_back(consent::parse_statement<S>(crypto::as_text(envelope)).value());
  }
  return statements;
}

/// The host's fetching of a wrapped consent key.
inline Reply wrapped_key(const RunningServer& server, const Host& host, const consent::RecordingId& recording,
                         const consent::StatementId& approval) {
  return server.fetch("GET", "/api/v1/recordings/" + recording.hex() + "/keys/" + approval.hex(), host.login);
}

/// Waits for something that has no event: files that grow.
template <class Done>
void await(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + testing::patience(std::chrono::seconds(20));
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// The size of all recorded files whose names end like this.
inline std::uintmax_t bytes_of(const Service& server, const std::string& ending) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder() / "blobs")) {
    if (file.path().string().ends_with(ending)) bytes += file.file_size();
  }
  return bytes;
}

inline std::size_t track_files(const RunningServer& server) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder() / "blobs")) {
    count += file.path().string().find(".webm.age") != std::string::npos;
  }
  return count;
}

/// What the service says to have erased of a recording as a whole; nothing while it says nothing.
inline std::optional<consent::Signed<consent::Erased>> erasure_of(const Service& server, const std::string& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording + "/erasure");
  if (reply.status != 200) return std::nullopt;
  const auto decoded = [&](const char* member) {
    const auto bytes = crypto::from_base64(json_text(reply.body, member)).value();
    return std::string(crypto::as_text(bytes));
  };
  const auto entry = consent::parse_entry(decoded("entry")).value();
  CHECK(entry.kind == "erased");
  CHECK(entry.envelope_sha256 == crypto::sha256(crypto::as_bytes(decoded("envelope"))));
  return consent::parse_statement<consent::Erased>(decoded("envelope")).value();
}

/// How many files there are of a recording.
inline std::size_t files_of(const RunningServer& server, const std::string& recording) {
  const auto folder = server.data_folder() / "blobs" / recording;
  if (!std::filesystem::exists(folder)) return 0;
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

/// Whether some file in the data folder holds this text in the clear.
inline bool is_on_the_disk(const RunningServer& server, const std::string& text) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder())) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

/// A meeting of a host and a participant in which everybody approved.
struct Recorded {
  explicit Recorded(const Service& server, const std::function<void(consent::Room&)>& change = {},
                    const std::string& user = "host")
      : host(server, change, user),
        anna(host, Attendee::As::host, "Anna"),
        ben(host, Attendee::As::participant, "Ben") {
    anna.ask();
    ben.wait_for_request();
    if (anna.approve().status != 201) throw std::runtime_error("Anna could not approve");
    const Reply reply = ben.approve();
    if (reply.status != 201) throw std::runtime_error("Ben could not approve: " + reply.body);
    publish = Json::parse(reply.body).at("publish");
    anna.wait_for_gate("open");
    ben.wait_for_gate("open");
  }
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee ben;
  Json publish;
};

/// What a machine that lost its power has on its disk: a copy of the data folder of a running service.
inline void copy_live(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (int attempt = 1;; ++attempt) {
    try {
      return std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    } catch (const std::filesystem::filesystem_error&) {
      // A tail got its name between two looks at its folder.
      if (attempt == 10) throw;
      std::filesystem::remove_all(to);
    }
  }
}

/// A service that died during a take of a host and a participant, started again with what was on its disk then.
struct AfterCrash {
  explicit AfterCrash(const std::function<void(const RunningServer&, Recorded&)>& before_it = {},
                      const std::function<void(Config&)>& change = {},
                      const std::function<void(consent::Room&)>& change_room = {}) {
    {
      RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
      Recorded meeting(first, change_room);
      if (before_it) before_it(first, meeting);
      recording = meeting.recording();
      anna_key = crypto::SigningKey::from_seed(meeting.anna.key.seed().view()).value();
      ben_key = crypto::SigningKey::from_seed(meeting.ben.key.seed().view()).value();
      bens_withdrawal = meeting.ben.withdrawal();
      copy_live(folder.path() / "data", folder.path() / "crashed");
      server = std::make_unique<RunningServer>([&](Config& config) {
        config.data_folder = folder.path() / "crashed";
        if (change) change(config);
      });
      const Reply login = server->fetch("POST", "/api/v1/login", {},
                                        std::string(R"({"user":"host","password":")") + kPassword + R"("})");
      const std::string cookie = login.headers.at("set-cookie");
      host.emplace(meeting.host, *server, Headers{{"Cookie", cookie.substr(0, cookie.find(';'))}});
    }
  }

  TemporaryFolder folder;
  consent::RecordingId recording;
  crypto::SigningKey anna_key = crypto::SigningKey::generate();
  crypto::SigningKey ben_key = crypto::SigningKey::generate();
  std::string bens_withdrawal;  ///< of everything
  std::unique_ptr<RunningServer> server;
  std::optional<Host> host;
};

/// A ledger whose disk fails: no statement (or none of this kind) can be written until it is healed. Works on the file
/// beside the service.
class LedgerFault {
 public:
  explicit LedgerFault(const RunningServer& server, const std::string& kind = "")
      : database_(storage::Database::open(server.data_folder() / "ledger.db").value()) {
    const std::string when = kind.empty() ? "" : "WHEN NEW.kind = '" + kind + "' ";
    database_.handle().exec("CREATE TRIGGER test_fault BEFORE INSERT ON ledger_entries " + when +
                            "BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  }
  void heal() { heal(database_); }
  /// Of a service that was started again on the same disk.
  static void heal(const RunningServer& server) {
    auto database = storage::Database::open(server.data_folder() / "ledger.db").value();
    heal(database);
  }

 private:
  static void heal(storage::Database& database) { database.handle().exec("DROP TRIGGER test_fault"); }

  storage::Database database_;
};

/// Lets nobody write to the ledger: who wants to waits. Goes on when it is destroyed.
class LedgerHeld {
 public:
  explicit LedgerHeld(const RunningServer& server)
      : database_(storage::Database::open(server.data_folder() / "ledger.db").value()) {
    database_.handle().exec("BEGIN IMMEDIATE");
  }
  LedgerHeld(const LedgerHeld&) = delete;
  LedgerHeld& operator=(const LedgerHeld&) = delete;
  ~LedgerHeld() { database_.handle().exec("ROLLBACK"); }

 private:
  storage::Database database_;
};

inline void check_problem(const Reply& reply, unsigned status, const std::string& code) {
  CHECK(reply.status == status);
  CHECK(json_text(reply.body, "code") == code);
}

}  // namespace unavoce::server::test
