// Bad recordings: takes that somebody in them had not agreed to, or without those who must be there and sign.
#include <algorithm>
#include <utility>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

void taken_before_approved(SyntheticMeeting& meeting) {
  Person& late = meeting.add_person("Recorded first, asked later", Role::participant);
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  // The id of an approval is known as soon as it is signed, its place in the ledger is not.
  const crypto::Bytes wrapped = must(crypto::seal(crypto::as_bytes(meeting.wrap(late)), meeting.recipients));
  const std::string challenge(43, 'A');
  const SeenCheckpoint seen{meeting.ledger.checkpoint().size, meeting.ledger.checkpoint().root};
  const Approval body{meeting.asked->id,
                      meeting.recording,
                      late.id,
                      late.role,
                      late.key.public_key(),
                      late.scope,
                      late.consent_key.recipient(),
                      crypto::sha256(wrapped),
                      challenge,
                      challenge,
                      seen,
                      std::nullopt,
                      std::nullopt,
                      meeting.now,
                      meeting.now + SpanMs{3'600'000}};
  late.approval = id_of(body);
  meeting.take();
  meeting.track(late, 1000);
  must(meeting.ledger.add_challenge(challenge, meeting.now + SpanMs{3'600'000}, meeting.now));
  const std::vector<NewEntry> entry{
      new_entry(must(parse_statement<Approval>(sign_statement(body, late.key))), wrapped)};
  must(meeting.ledger.append(entry, meeting.tick()));
  meeting.seal_take();
  meeting.seal_recording();
}

}  // namespace

std::vector<Case> bad_take_cases() {
  return {
      {"taken-before-approved", taken_before_approved},
      {"missing-approval", with_take([](Take& take) {
         take.approvals.emplace_back(crypto::sha256(crypto::as_bytes("nobody's")));
         std::ranges::sort(take.approvals);
       })},
      {"no-host-in-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         const StatementId host = *meeting.host().approval;
         meeting.take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, host); });
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"take-not-by-the-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         crypto::SigningKey service = std::exchange(meeting.service_key, crypto::SigningKey::generate());
         meeting.take();
         meeting.service_key = std::move(service);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"countersigned-by-a-stranger",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         crypto::SigningKey host = std::exchange(meeting.host_key, crypto::SigningKey::generate());
         meeting.take();
         meeting.host_key = std::move(host);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"expired-approval",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(),
                         [](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{3000}; });
         for (int i = 0; i < 5; ++i) meeting.tick();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"expired-request",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request([](Request& request) { request.expires_ms = request.issued_ms + SpanMs{3000}; });
         meeting.approve(meeting.host());
         for (int i = 0; i < 5; ++i) meeting.tick();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"room-changed-before-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.add_room();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"refused-before-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.refuse(meeting.people.back());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"replaced-approval",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         const StatementId first = *person.approval;
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         person.approval = first;
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"below-the-minimum-scope",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant).scope = {Kind::audio};
         meeting.add_room();
         meeting.request([](Request& request) { request.minimum_scope = {Kind::audio, Kind::video}; });
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"take-numbers-descend",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take_number = 1;
         one_take(meeting);
         meeting.take_number = 0;
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"two-approvals-of-one-person",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         const StatementId first = *person.approval;
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         meeting.take(Countersigned::yes, [&](Take& take) {
           take.approvals.push_back(first);
           std::ranges::sort(take.approvals);
         });
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
  };
}

}  // namespace unavoce::testing::second_implementation
