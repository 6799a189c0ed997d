// Every statement's fields described once: name in JSON, member, limits. statement_json.cpp reads and writes by them,
// so that the two cannot drift apart; docs/FORMATS.md section 2 says the same in prose. Compile-time data, private to
// consent/. The fields stand in the order of the struct's members: reading builds the struct from them in that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "consent/statement_types.hpp"

namespace unavoce::consent {

// ---- limits

/// For types that limit themselves: ids, keys, digests, booleans, words.
struct AsIs {};
/// Integers.
struct Between {
  std::int64_t least;
  std::int64_t most;
};
/// What a text may consist of.
enum class TextForm : std::uint8_t {
  line,       ///< for people, one line
  lines,      ///< for people, LF allowed
  https_url,  ///< begins with https://, printable ASCII
  nonce,      ///< 32 bytes as base64url
  file_name,  ///< [a-z0-9.-], no leading dot
};
/// Texts; lengths count Unicode code points.
struct Text {
  std::size_t least;
  std::size_t most;
  TextForm form = TextForm::line;
};
/// Lists; the limit of their elements behind it.
template <class Element = AsIs>
struct Many {
  std::size_t least;
  std::size_t most;
  Element element = {};
};

inline constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;
inline constexpr Between kNatural{0, kMaxInteger};
inline constexpr Between kNumber{1, 1'000'000};
inline constexpr Text kNonce{43, 43, TextForm::nonce};
inline constexpr Text kFileName{1, 100, TextForm::file_name};

template <class S, class Member, class Limit>
struct Field {
  std::string_view name;
  Member S::*member;
  Limit limit;
};

template <class S, class Member, class Limit = AsIs>
constexpr Field<S, Member, Limit> field(std::string_view name, Member S::*member, Limit limit = {}) {
  return {name, member, limit};
}

// ---- what is described

template <class S>
struct Described;  // kFields, and for statements kKind and kMaxSignatures

template <class S>
concept IsDescribed = requires {
  Described<S>::kFields;
};

template <>
struct Described<Controller> {
  static constexpr std::tuple kFields{field("name", &Controller::name, Text{1, 200}),
                                      field("contact", &Controller::contact, Text{0, 500})};
};

template <>
struct Described<HostKey> {
  static constexpr std::tuple kFields{field("key", &HostKey::key), field("holder", &HostKey::holder, Text{1, 100})};
};

template <>
struct Described<RoomRecipient> {
  static constexpr std::tuple kFields{field("recipient", &RoomRecipient::recipient),
                                      field("holder", &RoomRecipient::holder, Text{1, 100}),
                                      field("role", &RoomRecipient::role)};
};

template <>
struct Described<LedgerIdentity> {
  static constexpr std::tuple kFields{field("origin", &LedgerIdentity::origin, Text{1, 200}),
                                      field("vkey", &LedgerIdentity::vkey, Text{1, 400})};
};

template <>
struct Described<Notice> {
  static constexpr std::tuple kFields{field("version", &Notice::version, kNumber),
                                      field("language", &Notice::language, Text{2, 35}),
                                      field("sha256", &Notice::sha256)};
};

template <>
struct Described<SeenCheckpoint> {
  static constexpr std::tuple kFields{field("size", &SeenCheckpoint::size, kNatural),
                                      field("root", &SeenCheckpoint::root)};
};

template <>
struct Described<SealedTrack> {
  static constexpr Between kOffset{-kMaxInteger, kMaxInteger};
  static constexpr std::tuple kFields{
      field("name", &SealedTrack::name, kFileName),
      field("approval", &SealedTrack::approval),
      field("file", &SealedTrack::file, kNumber),
      field("header_sha256", &SealedTrack::header_sha256),
      field("size_bytes", &SealedTrack::size_bytes, kNatural),
      field("sha256", &SealedTrack::sha256),
      field("empty", &SealedTrack::empty),
      field("codecs", &SealedTrack::codecs, Many<Text>{0, 8, {1, 20}}),
      field("duration_ms", &SealedTrack::duration_ms, kNatural),
      field("first_ms", &SealedTrack::first_ms, kOffset),
      field("last_ms", &SealedTrack::last_ms, kOffset),
      field("offset_ms", &SealedTrack::offset_ms, kOffset),
      field("last_arrival_ms", &SealedTrack::last_arrival_ms, kNatural),
      field("frames_audio", &SealedTrack::frames_audio, kNatural),
      field("frames_video", &SealedTrack::frames_video, kNatural),
      field("dropped", &SealedTrack::dropped, kNatural),
  };
};

template <>
struct Described<Room> {
  static constexpr std::string_view kKind = "room";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("room", &Room::room),
      field("version", &Room::version, kNumber),
      field("previous", &Room::previous),
      field("title", &Room::title, Text{1, 100}),
      field("controllers", &Room::controllers, Many<>{1, 8}),
      field("authority", &Room::authority, Text{0, 500}),
      field("location", &Room::location, Text{0, 200}),
      field("processors", &Room::processors, Many<Text>{0, 16, {1, 200}}),
      field("conference", &Room::conference, Text{9, 500, TextForm::https_url}),
      field("lobby", &Room::lobby),
      field("withdrawal_erases", &Room::withdrawal_erases),
      field("signing_key", &Room::signing_key),
      field("host_keys", &Room::host_keys, Many<>{1, 16}),
      field("recipients", &Room::recipients, Many<>{1, 16}),
      field("service_key", &Room::service_key),
      field("ledger", &Room::ledger),
      field("witness_policy", &Room::witness_policy, Text{1, 4000, TextForm::lines}),
      field("gateway_keys", &Room::gateway_keys, Many<>{0, 16}),
      field("issued_ms", &Room::issued_ms),
  };
};

template <>
struct Described<Request> {
  static constexpr std::string_view kKind = "request";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("recording", &Request::recording),           field("room", &Request::room),
      field("room_statement", &Request::room_statement), field("session", &Request::session),
      field("purpose", &Request::purpose, Text{1, 500}), field("scope", &Request::scope),
      field("minimum_scope", &Request::minimum_scope),   field("delete_after_ms", &Request::delete_after_ms),
      field("names_refusals", &Request::names_refusals), field("notice", &Request::notice),
      field("page_sha256", &Request::page_sha256),       field("key", &Request::key),
      field("issued_ms", &Request::issued_ms),           field("expires_ms", &Request::expires_ms),
  };
};

template <>
struct Described<Approval> {
  static constexpr std::string_view kKind = "approval";
  static constexpr std::size_t kMaxSignatures = 2;
  static constexpr std::tuple kFields{
      field("request", &Approval::request),
      field("recording", &Approval::recording),
      field("participant", &Approval::participant),
      field("role", &Approval::role),
      field("key", &Approval::key),
      field("scope", &Approval::scope),
      field("consent_recipient", &Approval::consent_recipient),
      field("wrapped_sha256", &Approval::wrapped_sha256),
      field("challenge", &Approval::challenge, kNonce),
      field("nonce", &Approval::nonce, kNonce),
      field("checkpoint", &Approval::checkpoint),
      field("attested_by", &Approval::attested_by),
      field("method", &Approval::method, Text{1, 200}),
      field("issued_ms", &Approval::issued_ms),
      field("expires_ms", &Approval::expires_ms),
  };
};

template <>
struct Described<Refusal> {
  static constexpr std::string_view kKind = "refusal";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("request", &Refusal::request),
      field("recording", &Refusal::recording),
      field("participant", &Refusal::participant),
      field("role", &Refusal::role),
      field("key", &Refusal::key),
      field("challenge", &Refusal::challenge, kNonce),
      field("nonce", &Refusal::nonce, kNonce),
      field("issued_ms", &Refusal::issued_ms),
  };
};

template <>
struct Described<Confirmation> {
  static constexpr std::string_view kKind = "confirmation";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("approval", &Confirmation::approval),           field("recording", &Confirmation::recording),
      field("participant", &Confirmation::participant),     field("key", &Confirmation::key),
      field("challenge", &Confirmation::challenge, kNonce), field("nonce", &Confirmation::nonce, kNonce),
      field("issued_ms", &Confirmation::issued_ms),
  };
};

template <>
struct Described<Withdrawal> {
  static constexpr std::string_view kKind = "withdrawal";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("recording", &Withdrawal::recording), field("key", &Withdrawal::key),
      field("kinds", &Withdrawal::kinds),         field("advance", &Withdrawal::advance),
      field("issued_ms", &Withdrawal::issued_ms),
  };
};

template <>
struct Described<Take> {
  static constexpr std::string_view kKind = "take";
  static constexpr std::size_t kMaxSignatures = 2;
  static constexpr std::tuple kFields{
      field("recording", &Take::recording),
      field("take", &Take::take, kNumber),
      field("approvals", &Take::approvals, Many<>{1, 64}),
      field("checkpoint", &Take::checkpoint),
      field("key", &Take::key),
      field("start_ms", &Take::start_ms),
  };
};

template <>
struct Described<Track> {
  static constexpr std::string_view kKind = "track";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("recording", &Track::recording),         field("take", &Track::take, kNumber),
      field("approval", &Track::approval),           field("file", &Track::file, kNumber),
      field("name", &Track::name, kFileName),        field("kinds", &Track::kinds),
      field("header_sha256", &Track::header_sha256), field("key", &Track::key),
      field("issued_ms", &Track::issued_ms),
  };
};

template <>
struct Described<Seal> {
  static constexpr std::string_view kKind = "seal";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("recording", &Seal::recording),
      field("take", &Seal::take, kNumber),
      field("reason", &Seal::reason),
      field("tracks", &Seal::tracks, Many<>{0, kMaxTracksOfTake}),
      field("entries", &Seal::entries, kNatural),
      field("key", &Seal::key),
      field("issued_ms", &Seal::issued_ms),
  };
};

template <>
struct Described<Erased> {
  static constexpr std::string_view kKind = "erased";
  static constexpr std::size_t kMaxSignatures = 1;
  static constexpr std::tuple kFields{
      field("recording", &Erased::recording), field("what", &Erased::what, Many<Text>{0, 256, {1, 120}}),
      field("reason", &Erased::reason),       field("key", &Erased::key),
      field("issued_ms", &Erased::issued_ms),
  };
};

}  // namespace unavoce::consent
