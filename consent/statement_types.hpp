// The bodies of all statements as plain structs, field by field as docs/FORMATS.md section 2 names them.
// Values; any thread; no behaviour. How they are read and written: statements.hpp. Members stand in the order of the
// document, because statement_fields.hpp describes them once in that order, for reading and writing alike.
// Keys and recipients are the types of crypto/, which cannot hold an unusable key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/ids.hpp"
#include "consent/scope.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::consent {

/// What somebody is in a session.
enum class Role : std::uint8_t { participant, host };

/// Who can open what is sealed to a recipient of the room.
enum class RecipientRole : std::uint8_t { host, escrow };

/// What a withdrawal erases: the person's own track files, or every track of every take that they were in.
enum class WithdrawalErases : std::uint8_t { own_tracks, whole_takes };

/// Why a take or a recording ended.
enum class EndReason : std::uint8_t {
  stopped,       ///< a host stopped the recording
  late_join,     ///< somebody entered
  left,          ///< somebody left
  refused,       ///< somebody refused
  withdrawn,     ///< somebody took their approval, or a part of it, back
  new_approval,  ///< somebody replaced their approval by another one
  expired,       ///< an approval or the request reached its end
  host_left,     ///< no host is present any more
  room_changed,  ///< there is a new room statement
  interrupted,   ///< the service died meanwhile
  fault,         ///< ledger or recorder cannot do its work
  ended,         ///< everybody left, or a new request took its place
};

/// Why something was erased.
enum class ErasedReason : std::uint8_t { withdrawal, retention, room_deleted, recording_deleted };

struct Controller {
  std::string name;
  std::string contact;
};

struct HostKey {
  crypto::PublicKey key;
  std::string holder;
};

struct RoomRecipient {
  crypto::Recipient recipient;
  std::string holder;
  RecipientRole role;
};

struct LedgerIdentity {
  std::string origin;
  std::string vkey;
};

/// Signed by `signing_key`, the room's pinned key.
struct Room {
  RoomId room;
  std::uint32_t version;
  std::optional<StatementId> previous;
  std::string title;
  std::vector<Controller> controllers;
  std::string authority;
  std::string location;
  std::vector<std::string> processors;
  std::optional<std::string> conference;
  bool lobby;
  WithdrawalErases withdrawal_erases;
  crypto::PublicKey signing_key;
  std::vector<HostKey> host_keys;
  std::vector<RoomRecipient> recipients;
  crypto::PublicKey service_key;
  LedgerIdentity ledger;
  std::string witness_policy;
  std::vector<crypto::PublicKey> gateway_keys;
  TimeMs issued_ms;
};

/// The text a participant was shown.
struct Notice {
  std::uint32_t version;
  std::string language;
  crypto::Digest sha256;
};

/// Signed by `key`, one of the room's host keys.
struct Request {
  RecordingId recording;
  RoomId room;
  StatementId room_statement;
  SessionId session;
  std::string purpose;
  Scope scope;
  Scope minimum_scope;
  TimeMs delete_after_ms;
  bool names_refusals;
  Notice notice;
  crypto::Digest page_sha256;
  crypto::PublicKey key;
  TimeMs issued_ms;
  TimeMs expires_ms;
};

/// The ledger as somebody saw it.
struct SeenCheckpoint {
  std::uint64_t size;
  crypto::Digest root;
};

/// Signed by `key`, the participant's key of this session; attested approvals also by `attested_by`.
struct Approval {
  StatementId request;
  RecordingId recording;
  ParticipantId participant;
  Role role;
  crypto::PublicKey key;
  Scope scope;
  std::optional<crypto::Recipient> consent_recipient;  ///< E; none exactly if the scope is empty
  std::optional<crypto::Digest> wrapped_sha256;        ///< of W; none exactly if the scope is empty
  std::string challenge;
  std::string nonce;
  std::optional<SeenCheckpoint> checkpoint;
  std::optional<crypto::PublicKey> attested_by;
  std::optional<std::string> method;
  TimeMs issued_ms;
  TimeMs expires_ms;
};

/// Signed by `key`.
struct Refusal {
  StatementId request;
  RecordingId recording;
  ParticipantId participant;
  Role role;
  crypto::PublicKey key;
  std::string challenge;
  std::string nonce;
  TimeMs issued_ms;
};

/// Signed by `key`, the one of the approval: whoever came back still holds it, and still approves. Between page and
/// service only: never in the ledger, because the approval that it names is there.
struct Confirmation {
  StatementId approval;
  RecordingId recording;
  ParticipantId participant;
  crypto::PublicKey key;
  std::string challenge;
  std::string nonce;
  TimeMs issued_ms;
};

/// Signed by `key`; covers every approval of that key in the recording.
struct Withdrawal {
  RecordingId recording;
  crypto::PublicKey key;
  Scope kinds;
  bool advance;  ///< signed beforehand, for the key file
  TimeMs issued_ms;
};

/// Signed by `key`, the service's, and countersigned by a host key of the room.
struct Take {
  RecordingId recording;
  std::uint32_t take;
  std::vector<StatementId> approvals;  ///< ascending
  SeenCheckpoint checkpoint;
  crypto::PublicKey key;
  TimeMs start_ms;
};

/// Signed by `key`, the service's.
struct Track {
  RecordingId recording;
  std::uint32_t take;
  StatementId approval;
  std::uint32_t file;
  std::string name;
  Scope kinds;
  crypto::Digest header_sha256;
  crypto::PublicKey key;
  TimeMs issued_ms;
};

/// How a track file ended.
struct SealedTrack {
  std::string name;
  StatementId approval;
  std::uint32_t file;
  crypto::Digest header_sha256;
  std::uint64_t size_bytes;
  crypto::Digest sha256;
  bool empty;
  std::vector<std::string> codecs;
  std::int64_t duration_ms;
  std::int64_t first_ms;
  std::int64_t last_ms;
  std::int64_t offset_ms;
  std::int64_t last_arrival_ms;
  std::uint64_t frames_audio;
  std::uint64_t frames_video;
  std::uint64_t dropped;
};

/// A `seal` names as many track files at most, so a take may not have more (FORMATS section 2).
inline constexpr std::size_t kMaxTracksOfTake = 64;

/// Signed by `key`, the service's: the end of a take, or of the recording (take is none then).
struct Seal {
  RecordingId recording;
  std::optional<std::uint32_t> take;
  EndReason reason;
  std::vector<SealedTrack> tracks;
  std::optional<std::uint64_t> entries;  ///< final: ledger entries of the recording so far, this one included
  crypto::PublicKey key;
  TimeMs issued_ms;
};

/// Signed by `key`, the service's.
struct Erased {
  RecordingId recording;
  std::vector<std::string> what;  ///< names of track files, `wrapped:<approval id>`
  ErasedReason reason;
  crypto::PublicKey key;
  TimeMs issued_ms;
};

/// The words used in JSON.
std::string_view name_of(Role role) noexcept;
std::string_view name_of(RecipientRole role) noexcept;
std::string_view name_of(WithdrawalErases extent) noexcept;
std::string_view name_of(EndReason reason) noexcept;
std::string_view name_of(ErasedReason reason) noexcept;

}  // namespace unavoce::consent
