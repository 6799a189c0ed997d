// The ledger's last word of a key counts, whether it came into force or not; and a take that was overtaken is not
// written. Otherwise a recording would not verify, by the doing of whoever answered once more.
#include <catch2/catch.hpp>

#include "consent/rules.hpp"
#include "session.hpp"

using namespace unavoce::consent;
using test::key_of;
using test::person;
using test::Session;

namespace {

/// Of the take that is being prepared.
bool is_wanted_now(const Session& session) {
  const auto& prepared = *session.state.preparation;
  return is_wanted(session.state, prepared.recording, prepared.take, session.now);
}

}  // namespace

TEST_CASE("a take that is prepared is wanted until something overtakes it") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  CHECK(is_wanted_now(session));
  const auto prepared = *session.state.preparation;
  CHECK_FALSE(is_wanted(session.state, prepared.recording, prepared.take + 1, session.now));
  session.approve(1);
  CHECK_FALSE(is_wanted_now(session));
}

TEST_CASE("a take that is prepared is wanted no longer than its approvals hold, also if nobody has told the time") {
  Session session;
  session.begin(1);
  auto approval = session.approval(0);
  approval.expires = session.now + SpanMs{1000};
  session.tell(approval);
  session.now = approval.expires - SpanMs{1};
  CHECK(is_wanted_now(session));
  session.now = approval.expires;
  CHECK_FALSE(is_wanted_now(session));
}

TEST_CASE("a take that failed because it was overtaken is no fault, and the next one is prepared at once") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  session.approve(1);
  session.tell(TakeFailed{session.state.preparation->recording, 1, Part::ledger});
  CHECK(session.state.faults.empty());
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->take == 2);
}

TEST_CASE("an approval that its person's coming back overtook replaces the one before it all the same") {
  Session session;
  session.record();
  const auto on_its_way = session.approval(1);
  session.join(1);
  session.tell(on_its_way);
  session.tell(Confirmed{person(1), key_of(1)});  // of the one before
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("an approval that has expired when it is durable replaces the one before it: the gate closes") {
  Session session;
  session.record();
  auto brief = session.approval(1);
  brief.expires = session.now;
  session.tell(brief);
  CHECK_FALSE(session.open());
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("an approval of which a withdrawal has left nothing replaces the one before it: the gate closes") {
  Session session;
  session.record();
  const auto on_its_way = session.approval(1, {Kind::video});
  session.withdraw(1, {Kind::video});
  REQUIRE(session.open());  // of the first one the voice is left
  session.tell(on_its_way);
  CHECK_FALSE(session.open());
  CHECK(session.got<Erase>()->approvals == std::vector{on_its_way.id});
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("a key that answers from another seat leaves nothing to confirm at the first one") {
  Session session;
  session.record(3);
  session.leave(1);
  session.tell(Joined{person(7), key_of(1), Role::participant});
  SECTION("by approving") {
    auto approval = session.approval(7);
    approval.key = key_of(1);
    session.tell(approval);
  }
  SECTION("by refusing") {
    session.tell(Refused{session.state.recording->terms.request, person(7), key_of(1)});
  }
  session.leave(7);
  session.join(1);
  session.tell(Confirmed{person(1), key_of(1)});
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("after a restart, too, a key that refused from another seat has nothing to confirm") {
  Session session;
  session.record();
  const auto terms = session.state.recording->terms;
  const std::vector<Event> answers{
      Approved{session.approval_of(1), terms.request, person(1), key_of(1), {Kind::audio}, terms.expires, 1},
      Refused{terms.request, person(7), key_of(1)}};
  CHECK(restored(terms, answers, 2).recording->resting.empty());
}

TEST_CASE("which approvals a ledger says are overruled") {
  const auto row = [](std::uint64_t sequence, std::size_t key) {
    return AnswerRow{test::id_of_number<StatementId>(sequence), key_of(key), sequence};
  };
  const std::vector answers{row(1, 1), row(2, 2), row(3, 1)};
  CHECK_FALSE(is_overruled(std::vector{answers[1].id, answers[2].id}, answers));
  CHECK(is_overruled(std::vector{answers[0].id, answers[1].id}, answers));
  CHECK(is_overruled(std::vector{test::id_of_number<StatementId>(9)}, answers));
}

TEST_CASE("what may be recorded in a take is what is left of the approval, and nothing in any other take") {
  Session session;
  session.record();
  const auto id = session.approval_of(1);
  const auto recording = session.state.recording->terms.recording;
  CHECK(may_be_recorded(session.state, recording, 1, id) == Scope{Kind::audio, Kind::video});
  session.withdraw(1, {Kind::video});
  CHECK(may_be_recorded(session.state, recording, 1, id) == Scope{Kind::audio});
  CHECK(may_be_recorded(session.state, recording, 2, id).empty());
  session.join(2);
  CHECK(may_be_recorded(session.state, recording, 1, id).empty());
}
