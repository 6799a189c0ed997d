// A meeting made up for tests: real keys, a real ledger in a folder, really sealed track files, no media and no
// network. Call its steps in the order you want to see in the ledger, right or wrong; every step takes a change of the
// body before it is signed. The ledger takes an approval or take of whatever ledger was seen: the service may be one
// that lies. Time stands still except that every step takes a second. Throws when a step itself fails.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "consent/bundle.hpp"
#include "consent/ledger.hpp"
#include "consent/statements.hpp"
#include "crypto/age.hpp"
#include "crypto/ed25519.hpp"
#include "storage/erasure_slots.hpp"

namespace unavoce::testing {

/// The value of a Result, or an exception with the error's text.
template <class R>
typename R::value_type must(R result) {
  if (!result) throw std::runtime_error(result.error().text);
  if constexpr (!std::is_void_v<typename R::value_type>) return std::move(result).value();
}

template <class S>
using Change = std::function<void(S&)>;

/// Somebody in the meeting, with both of their keys.
struct Person {
  std::string name;
  consent::Role role = consent::Role::participant;
  consent::Scope scope{consent::Kind::audio, consent::Kind::video};
  crypto::SigningKey key = crypto::SigningKey::generate();
  crypto::Identity consent_key = crypto::Identity::generate();
  consent::ParticipantId id = consent::ParticipantId::random();
  std::optional<consent::StatementId> approval;  ///< the last one
  crypto::Bytes wrapped;                         ///< the W of that approval
};

enum class Ending { finished, interrupted };
enum class Countersigned { yes, no };

/// A track file as it would lie in the blob store, and what is inside.
struct SyntheticTrack {
  consent::Track statement;
  crypto::Bytes main;
  std::optional<crypto::Bytes> tail;
  std::string plaintext;  ///< of a finished track: everything, padding and final Void included; else without final Void
};

class SyntheticMeeting {
 public:
  /// Keeps ledger and slots in `folder`, which must exist.
  explicit SyntheticMeeting(const std::filesystem::path& folder);

  /// One host and two participants, everybody approves, two takes with a track of each, sealed to the end.
  void complete();

  Person& host() { return people.front(); }
  Person& add_person(std::string name, consent::Role role);

  // ---- the steps; each appends one statement
  consent::Entry add_room(const Change<consent::Room>& change = {});
  consent::Entry request(const Change<consent::Request>& change = {});
  consent::Entry approve(Person& person, const Change<consent::Approval>& change = {});
  consent::Entry refuse(Person& person, const Change<consent::Refusal>& change = {});
  consent::Entry withdraw(Person& person, const Change<consent::Withdrawal>& change = {});
  /// Names everybody's last approval.
  consent::Entry take(Countersigned countersigned = Countersigned::yes, const Change<consent::Take>& change = {});
  /// One file of the running take with `bytes` of content.
  consent::Entry track(const Person& person, std::size_t bytes, Ending ending = Ending::finished,
                       const Change<consent::Track>& change = {});
  consent::Entry seal_take(const Change<consent::Seal>& change = {});
  consent::Entry seal_recording(const Change<consent::Seal>& change = {});
  consent::Entry erased(std::vector<std::string> what, const Change<consent::Erased>& change = {});
  /// What a withdrawal has to be followed by: W and files of this person go, and a statement says so.
  void erase_person(const Person& person);
  /// As at the end of retention, but for the track files.
  void erase_everything(consent::ErasedReason reason = consent::ErasedReason::retention);

  std::string wrap(const Person& person) const;  ///< plaintext of W

  // ---- what came of it
  consent::BundleContents contents();
  void write_tar(const std::filesystem::path& path);
  /// Through the system's `tar`; returns the top folder of the bag.
  std::filesystem::path write_folder(const std::filesystem::path& parent);
  std::string receipt(const Person& person);
  std::string key_file(const Person& person);
  /// room.key as docs/FORMATS.md section 3 has it.
  std::string room_key_file() const;

  /// Where ledger and slots are kept.
  const std::filesystem::path& folder() const { return folder_; }

  /// What the service changes in the bundle that it hands out.
  Change<consent::BundleContents> forge;

  /// A second of the meeting.
  consent::TimeMs tick();

  crypto::SigningKey room_key = crypto::SigningKey::generate();
  crypto::Identity room_identity = crypto::Identity::generate();
  crypto::SigningKey host_key = crypto::SigningKey::generate();
  crypto::SigningKey service_key = crypto::SigningKey::generate();
  std::vector<crypto::Recipient> recipients;  ///< R: the room's identity; add escrow before the first room statement
  std::deque<Person> people;
  std::map<std::string, SyntheticTrack> tracks;  ///< by name
  std::vector<consent::SealedTrack> unsealed;    ///< tracks of the running take
  std::optional<consent::Signed<consent::Room>> room;
  std::optional<consent::Signed<consent::Request>> asked;
  consent::RecordingId recording = consent::RecordingId::random();
  std::uint32_t take_number = 0;
  consent::TimeMs now{1'700'000'000'000};

 private:
  template <class S>
  consent::Entry append(const std::string& envelope);
  std::string fresh_challenge();

  std::filesystem::path folder_;
  consent::RoomId room_id_ = consent::RoomId::random();
  storage::ErasureSlots slots_;

 public:
  consent::Ledger ledger;
};

}  // namespace unavoce::testing
