// Bad recordings: seals that are missing, wrong or too many, and what comes after them.
#include <utility>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

/// A meeting that is right up to its end but for what `change` does to the seal of its only take.
Script with_seal(const Change<Seal>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take();
    for (const Person& person : meeting.people) meeting.track(person, 1000);
    meeting.seal_take(change);
    meeting.seal_recording();
  };
}

}  // namespace

std::vector<Case> bad_seal_cases() {
  return {
      {"seal-by-no-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_take();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_recording();
       }},
      {"track-never-sealed", with_seal([](Seal& seal) { seal.tracks.clear(); })},
      {"sealed-with-another-size", with_seal([](Seal& seal) { ++seal.tracks.front().size_bytes; })},
      {"sealed-with-another-hash",
       with_seal([](Seal& seal) { seal.tracks.front().sha256 = crypto::sha256(crypto::as_bytes("another")); })},
      {"sealed-as-empty", with_seal([](Seal& seal) { seal.tracks.front().empty = true; })},
      {"sealed-for-another-approval",
       with_seal([](Seal& seal) { std::swap(seal.tracks.at(0).approval, seal.tracks.at(1).approval); })},
      {"frames-after-the-seal",
       with_seal([](Seal& seal) { seal.tracks.front().last_arrival_ms = seal.issued_ms.value + 1; })},
      {"take-without-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.seal_recording();
       }},
      {"take-sealed-twice",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_take([](Seal& seal) { seal.tracks.clear(); });
         meeting.seal_recording();
       }},
      {"no-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
       }},
      {"final-seal-counts-wrong",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording([](Seal& seal) { --*seal.entries; });
       }},
      {"recorded-on-after-the-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         one_take(meeting);
       }},
      {"recorded-on-between-two-final-seals",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"refused-after-the-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.refuse(meeting.people.back());
       }},
      {"sealed-in-the-final-seal-only",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         const std::vector<SealedTrack> sealed = meeting.unsealed;
         meeting.seal_take([](Seal& seal) { seal.tracks.clear(); });
         meeting.seal_recording([&](Seal& seal) { seal.tracks = sealed; });
       }},
  };
}

}  // namespace unavoce::testing::second_implementation
