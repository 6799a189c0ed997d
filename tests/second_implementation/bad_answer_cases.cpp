// Bad recordings: rooms, requests and approvals that are not right, whatever was recorded on them.
#include <utility>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

/// Asks a second time, and everybody answers that.
void approve_all_again(SyntheticMeeting& meeting) {
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

}  // namespace

std::vector<Case> bad_answer_cases() {
  return {
      {"request-by-no-host",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.request();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"more-granted-than-asked",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.host().scope = Scope::all();
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"one-recipient-more-than-announced",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.recipients.push_back(crypto::Identity::generate().recipient());  // after the room was signed
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"wrapped-hash-of-something-else", with_approval([](Approval& approval) {
         approval.wrapped_sha256 = crypto::sha256(crypto::as_bytes("something else"));
       })},
      {"approval-of-another-request", with_approval([](Approval& approval) {
         approval.request = StatementId(crypto::sha256(crypto::as_bytes("another request")));
       })},
      {"room-signed-by-another-key",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.room_key = crypto::SigningKey::generate();
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"room-versions-with-a-gap",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) { room.version = 3; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"request-under-an-old-room",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         const StatementId old = meeting.room->id;
         meeting.add_room();
         meeting.request([&](Request& request) { request.room_statement = old; });
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"two-requests",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         approve_all_again(meeting);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"request-expired-on-its-way",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request([](Request& request) { request.expires_ms = request.issued_ms + SpanMs{1}; });
         meeting.approve(meeting.host());
         meeting.seal_recording();
       }},
      {"approval-expired-on-its-way",
       with_approval([](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{1}; })},
      {"consent-key-of-the-room",
       [](SyntheticMeeting& meeting) {
         Person& person = meeting.add_person("Paula", Role::participant);
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host());
         meeting.approve(person, [&](Approval& approval) { approval.consent_recipient = meeting.recipients.front(); });
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"key-wraps-another-key",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(), [](Approval& approval) {
           approval.consent_recipient = crypto::Identity::generate().recipient();
         });
         one_take(meeting);
         meeting.seal_recording();
       }},
  };
}

}  // namespace unavoce::testing::second_implementation
