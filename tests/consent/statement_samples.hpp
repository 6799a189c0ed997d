// One good body of every kind of statement, signed by whom it should be; tests change one thing at a time.
#pragma once

#include <string>

#include "consent/statements.hpp"
#include "crypto/x25519.hpp"
#include "people.hpp"

namespace unavoce::consent::test {

inline constexpr TimeMs kNow{1'800'000'000'000};

/// Who signs what in the samples.
inline constexpr std::uint8_t kRoomKey = 1, kHost = 2, kService = 3, kParticipant = 4, kGateway = 5, kStranger = 6;

inline crypto::Recipient recipient(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(number);
  bytes[31] = 0;
  return crypto::Recipient::from_bytes(bytes).value();
}

inline std::string nonce(std::uint8_t number) {
  return crypto::to_base64url(std::array<std::uint8_t, 32>{number});
}

inline Room sample_room() {
  return {id_of_number<RoomId>(1),
          1,
          std::nullopt,
          "Chorprobe",
          {{"Verein e. V.", "datenschutz@verein.example"}},
          "Aufsichtsbehörde",
          "Deutschland",
          {"Rechenzentrum"},
          "https://konferenz.example/raum",
          false,
          WithdrawalErases::own_tracks,
          key_of(kRoomKey),
          {{key_of(kHost), "Ada"}},
          {{recipient(21), "Ada", RecipientRole::host}, {recipient(22), "Notar", RecipientRole::escrow}},
          key_of(kService),
          {"ledger.example/1", "ledger.example/1+00000000+AAAA"},
          "none",
          {key_of(kGateway)},
          kNow};
}

inline Request sample_request() {
  return {id_of_number<RecordingId>(2),
          id_of_number<RoomId>(1),
          id_of(sample_room()),
          id_of_number<SessionId>(3),
          "Mitschnitt zum Üben",
          {Kind::audio, Kind::video},
          {Kind::audio},
          kNow + SpanMs{86'400'000},
          true,
          {1, "de", {1}},
          {2},
          key_of(kHost),
          kNow,
          kNow + SpanMs{3'600'000}};
}

inline Approval sample_approval() {
  return {id_of(sample_request()),
          id_of_number<RecordingId>(2),
          id_of_number<ParticipantId>(4),
          Role::participant,
          key_of(kParticipant),
          {Kind::audio, Kind::video},
          recipient(23),
          crypto::Digest{9},
          nonce(1),
          nonce(2),
          SeenCheckpoint{12, {3}},
          std::nullopt,
          std::nullopt,
          kNow,
          kNow + SpanMs{3'600'000}};
}

inline Refusal sample_refusal() {
  const auto approval = sample_approval();
  return {approval.request,
          approval.recording,
          approval.participant,
          approval.role,
          approval.key,
          nonce(1),
          nonce(2),
          kNow};
}

inline Confirmation sample_confirmation() {
  const auto approval = sample_approval();
  return {id_of(approval), approval.recording, approval.participant, approval.key, nonce(3), nonce(4), kNow};
}

inline Withdrawal sample_withdrawal() {
  return {id_of_number<RecordingId>(2), key_of(kParticipant), Scope::all(), true, kNow};
}

inline Take sample_take() {
  return {id_of_number<RecordingId>(2),
          1,
          {id_of_number<StatementId>(1), id_of_number<StatementId>(2)},
          {14, {4}},
          key_of(kService),
          kNow};
}

inline Track sample_track() {
  return {id_of_number<RecordingId>(2),
          1,
          id_of_number<StatementId>(1),
          1,
          "t001-0000000000000000-f001.webm.age",
          {Kind::audio},
          {5},
          key_of(kService),
          kNow};
}

inline Seal sample_seal() {
  return {id_of_number<RecordingId>(2),
          1,
          EndReason::late_join,
          {{"t001-0000000000000000-f001.webm.age",
            id_of_number<StatementId>(1),
            1,
            {5},
            70'000,
            {6},
            false,
            {"opus", "vp8"},
            10'000,
            0,
            9'980,
            -12,
            kNow.value,
            500,
            250,
            0}},
          std::nullopt,
          key_of(kService),
          kNow};
}

inline Erased sample_erased() {
  return {id_of_number<RecordingId>(2),
          {"t001-0000000000000000-f001.webm.age", "wrapped:" + id_of_number<StatementId>(1).hex()},
          ErasedReason::withdrawal,
          key_of(kService),
          kNow};
}

template <class S>
std::string signed_by_number(const S& body, std::uint8_t signer) {
  return sign_statement(body, signing_key(signer));
}

template <class S>
Signed<S> reread(const S& body, std::uint8_t signer) {
  return parse_statement<S>(signed_by_number(body, signer)).value();
}

}  // namespace unavoce::consent::test
