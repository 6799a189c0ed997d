// How often one person may answer: who sends statements without end is told to wait, keeps nobody else waiting, and is
// never kept from taking back what they approved.

#include <algorithm>
#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// More than anybody who clicks sends at once, and far less than one address may.
constexpr int kFlood = 200;

/// Withdrawals by one person that differ in nothing but when they were signed.
std::string another_withdrawal(const Attendee& person, int number, consent::Scope kinds = consent::Scope::all()) {
  const consent::Withdrawal body{person.request->body.recording, person.key.public_key(), kinds, false,
                                 consent::TimeMs{wall_time().value - number}};
  return consent::sign_statement(body, person.key);
}

void check_is_told_to_wait(const Reply& reply) {
  check_problem(reply, 429, "too_many_answers");
  CHECK(reply.headers.contains("retry-after"));
}

/// Sends until something else than 201 comes; how many were taken.
template <class Send>
int taken_of(Send send, Reply& last) {
  for (int i = 0; i < kFlood; ++i) {
    last = send(i);
    if (last.status != 201) return i;
  }
  return kFlood;
}

/// A host who asks, and somebody who is asked.
struct Asked {
  explicit Asked(const Service& server)
      : host(server), anna(host, Attendee::As::host, "Anna"), ben(host, Attendee::As::participant, "Ben") {
    anna.ask();
    ben.wait_for_request();
  }
  Host host;
  Attendee anna;
  Attendee ben;
};

long count_of(const RunningServer& server, const Host& host, const consent::RecordingId& recording, const char* kind) {
  const auto kinds = kinds_of(server, host, recording);
  return std::count(kinds.begin(), kinds.end(), kind);
}

}  // namespace

TEST_CASE("twenty approvals at once are taken, more have to wait, and nobody else's do", "[limits]") {
  const RunningServer server;
  Asked meeting(server);
  Reply last;
  const int taken = taken_of(
      [&](int) {
        const Reply reply = meeting.ben.approve({Kind::audio});
        if (reply.status == 201) meeting.ben.wait_for("challenge");
        return reply;
      },
      last);
  CHECK(taken >= 20);
  check_is_told_to_wait(last);
  CHECK(meeting.anna.approve().status == 201);
}

TEST_CASE("whoever may not approve any more just now refuses and takes back all the same", "[limits]") {
  const RunningServer server;
  Asked meeting(server);
  Attendee& ben = meeting.ben;
  Reply last;
  taken_of(
      [&](int) {
        const Reply reply = ben.approve({Kind::audio, Kind::video});
        if (reply.status == 201) ben.wait_for("challenge");
        return reply;
      },
      last);
  check_is_told_to_wait(last);
  CHECK(ben.refuse().status == 201);
  CHECK(post_statement(server, ben.withdrawal({Kind::video})).status == 201);
  CHECK(post_statement(server, ben.withdrawal()).status == 201);
}

TEST_CASE("who has refused and refuses again and again has to wait, but not after they approved meanwhile",
          "[limits]") {
  const RunningServer server;
  Asked meeting(server);
  Attendee& ben = meeting.ben;
  Reply last;
  const int taken = taken_of(
      [&](int) {
        const Reply reply = ben.refuse();
        if (reply.status == 201) ben.wait_for("challenge");
        return reply;
      },
      last);
  CHECK(taken > 20);
  check_is_told_to_wait(last);
  REQUIRE(ben.approve().status == 201);
  ben.wait_for("challenge");
  CHECK(ben.refuse().status == 201);  // this one closes the gate
}

TEST_CASE("confirmations without end have to wait", "[limits]") {
  const RunningServer server;
  Asked meeting(server);
  std::string code;
  int refused = 0;
  for (; refused < kFlood && code != "too_many_answers"; ++refused)
    code = meeting.ben.confirm(meeting.ben.last_approval).at("code").get<std::string>();
  CHECK(code == "too_many_answers");
  CHECK(refused > 20);
}

TEST_CASE("of withdrawals that differ in their time only, the ledger keeps twenty, and the first answers for the rest",
          "[limits]") {
  const RunningServer server;
  Recorded meeting(server);
  const auto send = [&](int number) { return post_statement(server, another_withdrawal(meeting.ben, number)); };
  const Reply first = send(0);
  REQUIRE(first.status == 201);
  for (int i = 1; i < 20; ++i) CHECK(send(i).status == 201);
  Reply late = send(20);
  await([&] {
    if (late.status == 429) late = send(20);
    return late.status != 429;
  });
  REQUIRE(late.status == 201);
  CHECK(json_text(late.body, "entry") == json_text(first.body, "entry"));
  CHECK(json_text(late.body, "id") == json_text(first.body, "id"));
  CHECK(Json::parse(late.body).at("erased").size() == Json::parse(first.body).at("erased").size());
  CHECK(count_of(server, meeting.host, meeting.recording(), "withdrawal") == 20);
  CHECK(count_of(server, meeting.host, meeting.recording(), "erased") == 1);
}

TEST_CASE("a flood of withdrawals by one person is told to wait, and keeps nobody else's waiting", "[limits]") {
  const RunningServer server;
  Recorded meeting(server);
  Reply last;
  const int taken =
      taken_of([&](int number) { return post_statement(server, another_withdrawal(meeting.ben, number)); }, last);
  CHECK(taken >= 20);
  check_is_told_to_wait(last);
  CHECK(post_statement(server, meeting.anna.withdrawal()).status == 201);
  CHECK(track_files(server) == 0);
}

TEST_CASE("withdrawals of some kinds that take nothing back have to wait; one that does never has to", "[limits]") {
  const RunningServer server;
  Recorded meeting(server);
  const auto send = [&](int number, consent::Scope kinds) {
    return post_statement(server, another_withdrawal(meeting.ben, number, kinds));
  };
  Reply last;
  taken_of([&](int number) { return send(number, {Kind::screen}); }, last);  // never approved
  check_is_told_to_wait(last);
  CHECK(send(0, {Kind::video}).status == 201);
  CHECK(send(0, consent::Scope::all()).status == 201);
  check_problem(wrapped_key(server, meeting.host, meeting.recording(), meeting.ben.last_approval), 410, "gone");
}

TEST_CASE("somebody who sends another one's old withdrawal again and again keeps no new one of theirs back",
          "[limits]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string old = meeting.ben.withdrawal({Kind::video});
  REQUIRE(post_statement(server, old).status == 201);
  Reply last;
  CHECK(taken_of([&](int) { return post_statement(server, old); }, last) >= 20);
  check_is_told_to_wait(last);
  SECTION("during the session") {
    CHECK(post_statement(server, meeting.ben.withdrawal({Kind::audio})).status == 201);
  }
  SECTION("after the recording") {
    const std::string stop = "/api/v1/recordings/" + meeting.recording().hex() + "/stop";
    REQUIRE(server.fetch("POST", stop, meeting.host.login, "{}").status == 204);
    CHECK(post_statement(server, meeting.ben.withdrawal({Kind::audio})).status == 201);
  }
  CHECK(post_statement(server, another_withdrawal(meeting.ben, 1)).status == 201);
}

TEST_CASE("while the disk is full, a flood of withdrawals by one person displaces nobody else's", "[limits]") {
  const RunningServer server;
  Recorded meeting(server);
  LedgerFault fault(server);
  // More than are kept in all.
  for (int i = 0; i < 300; ++i) {
    const Reply reply = post_statement(server, another_withdrawal(meeting.ben, i));
    if (reply.status != 429) check_problem(reply, 503, "proof_follows");
  }
  const std::string annas = meeting.anna.withdrawal();
  check_problem(post_statement(server, annas), 503, "proof_follows");
  CHECK(track_files(server) == 0);
  fault.heal();
  CHECK(meeting.anna.wait_for("proven").at("id") ==
        consent::parse_statement<consent::Withdrawal>(annas).value().id.hex());
  CHECK(server.log_text().find("more withdrawals wait") == std::string::npos);
  meeting.ben.wait_for("proven");
  CHECK(count_of(server, meeting.host, meeting.recording(), "withdrawal") == 2);
}
