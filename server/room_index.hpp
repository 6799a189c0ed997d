#pragma once
// Whose room it is, which recordings belong to it, and the tokens that read a recording; in `unavoce.db`, beside the
// accounts. What was said and signed is in the ledger; this only says who may ask for it. Owned by Server; every call
// blocks and belongs on the database thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/ids.hpp"
#include "consent/statement_types.hpp"
#include "crypto/hash.hpp"
#include "server/error.hpp"
#include "storage/database.hpp"

namespace unavoce::server {

/// What a token lets its holder read: a whole recording, or one person's track files of it.
struct ReadGrant {
  std::string recording;
  std::optional<std::string> approval;
};

class RoomIndex {
 public:
  /// `database` must outlive this.
  static Result<RoomIndex> open(storage::Database& database);

  /// Errors: conflict (the id is taken).
  Result<void> add_room(const consent::RoomId& room, std::string_view user);
  Result<std::vector<std::string>> rooms_of(std::string_view user);
  /// The user that a room belongs to; nothing if there is no such room.
  Result<std::optional<std::string>> owner(std::string_view room);
  Result<void> remove_room(std::string_view room);

  /// Errors: conflict (the recording belongs to another room). Naming the same room again is fine.
  Result<void> add_recording(const consent::RecordingId& recording, const consent::RoomId& room);
  /// Newest first.
  Result<std::vector<std::string>> recordings_of(std::string_view user);
  Result<std::vector<std::string>> recordings_in(std::string_view room);
  Result<std::vector<std::string>> all_recordings();
  Result<std::optional<std::string>> owner_of_recording(std::string_view recording);
  Result<void> remove_recording(std::string_view recording);
  /// That a recording is over, and why, until its final seal says so; the first reason stays. Nothing happens if it is
  /// not known here.
  Result<void> set_over(const consent::RecordingId& recording, consent::EndReason reason);
  Result<std::optional<consent::EndReason>> over(const consent::RecordingId& recording);

  /// Forgets what has expired, too: reading writes nothing, so that it works on a full disk.
  Result<void> add_grant(const crypto::Digest& token, const ReadGrant& grant, consent::TimeMs expires);
  /// What a token grants; nothing if it was never given, or has expired.
  Result<std::optional<ReadGrant>> grant(const crypto::Digest& token, consent::TimeMs now);

 private:
  explicit RoomIndex(storage::Database& database) : database_(&database) {}
  Result<std::vector<std::string>> texts(const char* sql, std::string_view parameter);
  storage::Database* database_;
};

}  // namespace unavoce::server
