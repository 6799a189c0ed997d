// What closes the gate waits for no disk: not for what others are having written, nor for a database that cannot be
// read.

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>

#include "asked.hpp"
#include "posted.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// A take of three: Anna, the host; Ben; and Carl, who can keep the ledger busy.
struct TakeOfThree {
  explicit TakeOfThree(const RunningServer& server_) : server(server_) {
    anna.wait_for_gate("closed");
    if (carl.approve().status != 201) throw std::runtime_error("Carl could not approve");
    for (Attendee* person : all) {
      person->wait_for_gate("open");
      person->was_sent("challenge");  // for the next answer
    }
  }
  /// Carl approves once more: waits for the ledger, and whoever needs a database waits behind it.
  std::string carls_approval() {
    const consent::Approval body = carl.approval({consent::Kind::audio});
    return statement(consent::sign_statement(body, carl.key), carl.wrapped);
  }
  std::string stop(const Headers& login) const {
    return post_of("/api/v1/recordings/" + meeting.recording().hex() + "/stop", "{}",
                   "Cookie: " + login.front().second + "\r\n");
  }
  void wait_for_gates(const std::string& state) {
    for (Attendee* person : all) person->wait_for_gate(state);
  }

  const RunningServer& server;
  Recorded meeting{server};
  Attendee& anna = meeting.anna;
  Attendee& ben = meeting.ben;
  Attendee carl{meeting.host, Attendee::As::participant, "Carl"};
  const std::array<Attendee*, 3> all{&anna, &ben, &carl};
};

/// The ledger is kept from being written, and an approval waits for it.
class Busy {
 public:
  explicit Busy(TakeOfThree& take) : held_(std::in_place, take.server), carls_(take.server, take.carls_approval()) {
    pass(take.server);
  }
  void end() {
    held_.reset();
    CHECK(carls_.answer().status == 201);
  }

 private:
  std::optional<LedgerHeld> held_;
  Posted carls_;
};

/// A table that cannot be read until this is destroyed.
class Unreadable {
 public:
  Unreadable(const RunningServer& server, const std::string& database, std::string table)
      : database_(storage::Database::open(server.data_folder() / database).value()), table_(std::move(table)) {
    database_.handle().exec("ALTER TABLE " + table_ + " RENAME TO test_hidden");
  }
  Unreadable(const Unreadable&) = delete;
  Unreadable& operator=(const Unreadable&) = delete;
  ~Unreadable() { database_.handle().exec("ALTER TABLE test_hidden RENAME TO " + table_); }

 private:
  storage::Database database_;
  std::string table_;
};

/// How long what must not wait for the ledger may take; whoever waits for it takes ten seconds.
constexpr auto kAtOnce = testing::patience(std::chrono::seconds(2));

std::chrono::steady_clock::duration since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::steady_clock::now() - begin;
}

/// A second log-in of the host's account.
Headers log_in_again(const RunningServer& server) {
  const std::string body = std::string(R"({"user":"host","password":")") + kPassword + "\"}";
  const std::string cookie = server.fetch("POST", "/api/v1/login", {}, body).headers.at("set-cookie");
  return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

}  // namespace

TEST_CASE("a refusal closes the gate at once, whatever others are having written", "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  Busy busy(take);
  const auto begin = std::chrono::steady_clock::now();
  Posted bens(server, statement(take.ben.refusal()));
  take.wait_for_gates("closed");
  CHECK(since(begin) < kAtOnce);
  CHECK_FALSE(take.anna.was_sent("take"));
  busy.end();
  CHECK(bens.answer().status == 201);
}

TEST_CASE("a refusal closes the gate although the ledger cannot be read, and another is taken when it can be",
          "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  {
    const Unreadable unreadable(server, "ledger.db", "ledger_entries");
    check_problem(take.ben.refuse(), 503, "storage");
    take.wait_for_gates("closed");
  }
  await([&] { return take.ben.was_sent("challenge"), take.ben.refuse().status == 201; });
  const auto refusals = statements_of<consent::Refusal>(server, take.meeting.host, take.meeting.recording());
  CHECK(refusals.size() == 1);
}

TEST_CASE("a refusal that cannot be written is a fault, as an approval is, and goes on by itself",
          "[meeting][at-once]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  LedgerFault fault(server);
  check_problem(meeting.ben.refuse(), 503, "storage");
  while (meeting.anna.gate.at("reason") != "ledger_fault") meeting.anna.wait_for("gate");
  fault.heal();
  while (meeting.anna.gate.at("reason") == "ledger_fault") meeting.anna.wait_for("gate");
}

TEST_CASE("a refusal that is sent again is answered as before, and does not touch what was approved since",
          "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  const std::string refusal = take.ben.refusal();
  const Reply first = post_statement(server, refusal);
  REQUIRE(first.status == 201);
  take.wait_for_gates("closed");
  CHECK(json_text(post_statement(server, refusal).body, "entry") == json_text(first.body, "entry"));
  take.ben.was_sent("challenge");
  REQUIRE(take.ben.approve().status == 201);
  take.wait_for_gates("open");
  const Reply again = post_statement(server, refusal);
  CHECK(again.status == 201);
  CHECK(json_text(again.body, "entry") == json_text(first.body, "entry"));
  CHECK_FALSE(take.anna.was_sent("refused"));
  CHECK(take.anna.gate.at("state") == "open");
}

TEST_CASE("a host's withdrawal closes the gate at once, although their log-in goes along", "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  Busy busy(take);
  const auto begin = std::chrono::steady_clock::now();
  Posted annas(server, statement(take.anna.withdrawal(), {}, cookie_of(take.meeting.host)));
  take.wait_for_gates("closed");
  CHECK(since(begin) < kAtOnce);
  busy.end();
  CHECK(annas.answer().status == 201);
}

TEST_CASE("who publishes waits for no database: their token is no log-in", "[meeting][whip][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  Busy busy(take);
  const auto begin = std::chrono::steady_clock::now();
  const std::string session = take.meeting.publish.at("url").get<std::string>() + "/" + std::string(32, '0');
  const Headers token{{"Authorization", "Bearer " + take.meeting.publish.at("token").get<std::string>()}};
  CHECK(server.fetch("DELETE", session, token).status == 404);
  CHECK(since(begin) < kAtOnce);
  busy.end();
}

TEST_CASE("a host who is here stops the recording at once, whatever others are having written", "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  Busy busy(take);
  const auto begin = std::chrono::steady_clock::now();
  Posted stop(server, take.stop(take.meeting.host.login));
  take.wait_for_gates("closed");
  CHECK(since(begin) < kAtOnce);
  busy.end();
  CHECK(stop.answer().status == 204);
  CHECK(kinds_of(server, take.meeting.host, take.meeting.recording()).back() == "seal");
}

TEST_CASE("a host who is here stops the recording although nobody can look up whose log-in it is",
          "[meeting][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  {
    const Unreadable unreadable(server, "unavoce.db", "logins");
    check_problem(Posted(server, take.stop(take.meeting.host.login)).answer(), 503, "storage");
    take.wait_for_gates("closed");
  }
  CHECK(take.anna.wait_for("recording_ended").at("reason") == "stopped");
  CHECK(Posted(server, take.stop(take.meeting.host.login)).answer().status == 204);
}

TEST_CASE(
    "no other log-in stops a recording: not another account's, though its owner is here, nor one that was logged "
    "out, nor that of a host who has left",
    "[meeting][authorisation][at-once]") {
  const RunningServer server;
  TakeOfThree take(server);
  const Host other(server, {}, "other");
  const Attendee others(other, Attendee::As::host);
  CHECK(Posted(server, take.stop(other.login)).answer().status == 404);
  CHECK(Posted(server, take.stop({{"Cookie", "unavoce_session=" + std::string(43, 'A')}})).answer().status == 401);

  const Headers second = log_in_again(server);
  const Host elsewhere(take.meeting.host, server, second);
  {
    const Attendee again(elsewhere, Attendee::As::host);
    take.wait_for_gates("closed");
  }
  take.wait_for_gates("open");
  REQUIRE(Posted(server, post_of("/api/v1/logout", "{}", cookie_of(take.meeting.host))).answer().status == 204);
  CHECK(Posted(server, take.stop(take.meeting.host.login)).answer().status == 401);
  {
    const Unreadable unreadable(server, "unavoce.db", "logins");
    check_problem(Posted(server, take.stop(second)).answer(), 503, "storage");
  }
  for (Attendee* person : take.all) {
    person->was_sent("gate");
    CHECK(person->gate.at("state") == "open");
  }
}
