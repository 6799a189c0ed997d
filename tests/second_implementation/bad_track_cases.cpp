// Bad recordings: tracks of the wrong person, with the wrong keys, and files that are not what they are called.
#include <utility>

#include "cases.hpp"
#include "crypto/track_sealer.hpp"

namespace unavoce::testing::second_implementation {
namespace {

/// The recorder's header with somebody else's stanza put in, as if it had been so from the beginning. That its MAC is
/// wrong only shows to who opens it.
void second_recipient(SyntheticMeeting& meeting) {
  approve_all(meeting);
  meeting.take();
  Person& host = meeting.host();
  const std::vector stranger{crypto::Identity::generate().recipient()};
  const crypto::Bytes theirs = must(crypto::seal(crypto::as_bytes("somebody listens in"), stranger));
  const std::size_t begin = crypto::as_text(theirs).find("-> X25519"), end = crypto::as_text(theirs).find("---");
  auto sealer = must(
      crypto::TrackSealer::create(host.consent_key.recipient(), {meeting.recording.hex(), 1, host.approval->hex(), 1}));
  crypto::Bytes main = sealer.begin().bytes;
  main.insert(main.begin() + static_cast<std::ptrdiff_t>(crypto::as_text(main).find("---")),
              theirs.begin() + static_cast<std::ptrdiff_t>(begin), theirs.begin() + static_cast<std::ptrdiff_t>(end));
  const crypto::Digest header =
      crypto::sha256(crypto::ByteView(main).first(must(crypto::parse_whole_header(main)).size_bytes));
  meeting.track(host, 1000, Ending::finished, [&](Track& track) { track.header_sha256 = header; });
  meeting.tracks.begin()->second.main = main;
  meeting.seal_take([&](Seal& seal) {
    seal.tracks.front().header_sha256 = header;
    seal.tracks.front().size_bytes = main.size();
    seal.tracks.front().sha256 = crypto::sha256(main);
  });
  meeting.seal_recording();
}

/// Cut back by a chunk and ended with the F(n) that the tail carries: stock age may not open it, but the seal fits.
void shortened_before_its_tail(SyntheticMeeting& meeting) {
  constexpr std::size_t sealed_chunk_bytes = crypto::chunk_bytes + 16;
  constexpr std::size_t final_chunk_bytes = 2 + 16;
  approve_all(meeting);
  meeting.take();
  meeting.track(meeting.host(), 200'000, Ending::interrupted);
  crypto::Bytes& main = meeting.tracks.begin()->second.main;
  const auto end = main.end() - final_chunk_bytes;
  main.erase(end - sealed_chunk_bytes, end);
  meeting.seal_take([&](Seal& seal) {
    seal.tracks.front().size_bytes = main.size();
    seal.tracks.front().sha256 = crypto::sha256(main);
  });
  meeting.seal_recording();
}

void swapped_tails(SyntheticMeeting& meeting) {
  approve_all(meeting);
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 70'000, Ending::interrupted);
  std::swap(meeting.tracks.begin()->second.tail, std::next(meeting.tracks.begin())->second.tail);
  // The seal says so itself, so that only the tail's stanza gives it away.
  meeting.seal_take([&](Seal& seal) {
    std::vector<SealedTrack*> tails;
    for (SealedTrack& track : seal.tracks) {
      if (track.name.ends_with(".tail.age")) tails.push_back(&track);
    }
    std::swap(tails.at(0)->header_sha256, tails.at(1)->header_sha256);
    std::swap(tails.at(0)->size_bytes, tails.at(1)->size_bytes);
    std::swap(tails.at(0)->sha256, tails.at(1)->sha256);
  });
  meeting.seal_recording();
}

}  // namespace

std::vector<Case> bad_track_cases() {
  return {
      {"track-of-somebody-not-in-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         const StatementId left_out = *meeting.people.back().approval;
         meeting.take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left_out); });
         meeting.track(meeting.people.back(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"track-by-no-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.track(meeting.host(), 1000);
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"more-recorded-than-granted", with_track([](Track& track) {
         track.kinds = {Kind::audio, Kind::screen};
       })},
      {"second-recipient-of-a-track", second_recipient},
      {"header-hash-of-another-track",
       with_track([](Track& track) { track.header_sha256 = crypto::sha256(crypto::as_bytes("another")); })},
      {"swapped-tails", swapped_tails},
      {"track-before-its-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take_number = 1;
         meeting.track(meeting.host(), 1000);
         std::vector<SealedTrack> sealed = meeting.unsealed;
         meeting.take_number = 0;
         meeting.take();
         meeting.unsealed = std::move(sealed);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"tail-sealed-with-another-header",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000, Ending::interrupted);
         meeting.seal_take([](Seal& seal) { seal.tracks.at(1).header_sha256 = seal.tracks.at(0).header_sha256; });
         meeting.seal_recording();
       }},
      {"track-name-of-another-file", with_track([](Track& track) { track.name[track.name.size() - 10] = '2'; })},
      {"track-twice",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.unsealed.clear();
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"tail-after-a-shortened-track", shortened_before_its_tail},
      {"key-track-to-another-key",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         Person& host = meeting.host();
         crypto::Identity own = std::exchange(host.consent_key, crypto::Identity::generate());
         meeting.track(host, 1000);
         host.consent_key = std::move(own);
         meeting.seal_take();
         meeting.seal_recording();
       }},
  };
}

}  // namespace unavoce::testing::second_implementation
