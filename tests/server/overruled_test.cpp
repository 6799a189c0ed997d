// A take is not written when the ledger has a later word than what the take names: whatever the rules have heard of.

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "server/evidence.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using consent::Kind;
using consent::Scope;

namespace {

/// Names the last approval of everybody.
consent::Take take_of(testing::SyntheticMeeting& meeting) {
  return testing::must(consent::parse_statement<consent::Take>(meeting.take().envelope)).body;
}

/// A host and two participants who approved sound and picture, of whom two files are to be recorded.
struct Prepared {
  Prepared() {
    meeting.add_person("Anna", consent::Role::participant);
    meeting.add_person("Ben", consent::Role::participant);
    meeting.add_room();
    meeting.request();
    for (auto& person : meeting.people) meeting.approve(person);
    for (const Kind kind : {Kind::audio, Kind::video}) {
      recorder::PreparedTrack file;
      file.approval = *ben().approval;
      file.kinds = Scope{kind};
      files.push_back(file);
    }
    take = take_of(meeting);
  }
  testing::Person& ben() { return meeting.people.back(); }
  bool is_overruled() { return testing::must(server::is_overruled(meeting.ledger, *take, files)); }
  void withdraw(Scope kinds) {
    meeting.withdraw(ben(), [&](consent::Withdrawal& withdrawal) { withdrawal.kinds = kinds; });
  }

  testing::TemporaryFolder folder;
  testing::SyntheticMeeting meeting{folder.path()};
  std::optional<consent::Take> take;
  std::vector<recorder::PreparedTrack> files;
};

}  // namespace

TEST_CASE("a take that names what everybody said last may be written", "[takes]") {
  Prepared test;
  CHECK_FALSE(test.is_overruled());
}

TEST_CASE("a take is not written when one of its approvals is withdrawn", "[takes][withdrawal]") {
  Prepared test;
  test.withdraw(Scope::all());
  CHECK(test.is_overruled());
}

TEST_CASE("a take is not written when a file is for what was taken back, and is without that file",
          "[takes][withdrawal]") {
  Prepared test;
  test.withdraw(Scope{Kind::video});
  CHECK(test.is_overruled());
  test.files.pop_back();
  CHECK_FALSE(test.is_overruled());
}

TEST_CASE("a take is not written when less is left of an approval than the request needs", "[takes][withdrawal]") {
  testing::TemporaryFolder folder;
  testing::SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  meeting.request([](consent::Request& request) { request.minimum_scope = Scope{Kind::audio}; });
  for (auto& person : meeting.people) meeting.approve(person);
  const consent::Take take = take_of(meeting);
  CHECK_FALSE(testing::must(server::is_overruled(meeting.ledger, take, {})));
  meeting.withdraw(meeting.host(), [](consent::Withdrawal& withdrawal) { withdrawal.kinds = Scope{Kind::audio}; });
  CHECK(testing::must(server::is_overruled(meeting.ledger, take, {})));
}

TEST_CASE("a take is not written when one of its people answered once more, or the room changed", "[takes]") {
  Prepared test;
  SECTION("another approval") {
    test.ben().consent_key = crypto::Identity::generate();
    test.meeting.approve(test.ben());
  }
  SECTION("a refusal") {
    test.meeting.refuse(test.ben());
  }
  SECTION("another statement of the room") {
    test.meeting.add_room();
  }
  CHECK(test.is_overruled());
}

TEST_CASE("a take is not written behind the final seal, and is behind that of a take", "[takes]") {
  Prepared test;
  test.meeting.take();
  test.meeting.seal_take();
  CHECK_FALSE(test.is_overruled());
  test.meeting.seal_recording();
  CHECK(test.is_overruled());
}
