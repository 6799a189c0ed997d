#include "server/room_index.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <cstdint>

#include "server/clock.hpp"
#include "server/sqlite_guard.hpp"

namespace unavoce::server {
namespace {

constexpr std::array<std::string_view, 3> kSteps = {R"(
  CREATE TABLE rooms (room TEXT PRIMARY KEY, user TEXT NOT NULL) STRICT;
  CREATE INDEX rooms_user ON rooms(user);
  CREATE TABLE recordings (
    number INTEGER PRIMARY KEY, recording TEXT NOT NULL UNIQUE,
    room TEXT NOT NULL REFERENCES rooms(room) ON DELETE CASCADE) STRICT;
  CREATE INDEX recordings_room ON recordings(room);
  CREATE TABLE grants (
    token_sha256 BLOB PRIMARY KEY, recording TEXT NOT NULL REFERENCES recordings(recording) ON DELETE CASCADE,
    approval TEXT, expires_ms INTEGER NOT NULL) STRICT;
  CREATE INDEX grants_recording ON grants(recording);
)",
                                                    "CREATE INDEX grants_expires ON grants(expires_ms)",
                                                    "ALTER TABLE recordings ADD COLUMN over_because TEXT"};

/// Over all the same, should it be the word of another version.
consent::EndReason end_reason(std::string_view word) {
  for (std::uint8_t value = 0; value <= static_cast<std::uint8_t>(consent::EndReason::ended); ++value) {
    const auto reason = static_cast<consent::EndReason>(value);
    if (consent::name_of(reason) == word) return reason;
  }
  return consent::EndReason::interrupted;
}

const auto kOk = boost::outcome_v2::success();

}  // namespace

Result<RoomIndex> RoomIndex::open(storage::Database& database) {
  BOOST_OUTCOME_TRY(database.migrate("rooms", kSteps));
  return RoomIndex(database);
}

Result<void> RoomIndex::add_room(const consent::RoomId& room, std::string_view user) {
  return guard([&]() -> Result<void> {
    SQLite::Statement insert(database_->handle(), "INSERT OR IGNORE INTO rooms VALUES (?, ?)");
    insert.bind(1, room.hex());
    insert.bind(2, std::string(user));
    if (insert.exec() != 1) return Error(Errc::conflict, "a room of this id exists already", "room_exists");
    return kOk;
  });
}

Result<std::vector<std::string>> RoomIndex::texts(const char* sql, std::string_view parameter) {
  return guard([&]() -> Result<std::vector<std::string>> {
    SQLite::Statement select(database_->handle(), sql);
    if (select.getBindParameterCount() > 0) select.bind(1, std::string(parameter));
    std::vector<std::string> out;
    while (select.executeStep()) out.push_back(select.getColumn(0).getString());
    return out;
  });
}

Result<std::vector<std::string>> RoomIndex::rooms_of(std::string_view user) {
  return texts("SELECT room FROM rooms WHERE user = ? ORDER BY rowid", user);
}

Result<std::vector<std::string>> RoomIndex::recordings_of(std::string_view user) {
  return texts("SELECT recording FROM recordings JOIN rooms USING (room) WHERE user = ? ORDER BY number DESC", user);
}

Result<std::vector<std::string>> RoomIndex::recordings_in(std::string_view room) {
  return texts("SELECT recording FROM recordings WHERE room = ? ORDER BY number DESC", room);
}

Result<std::vector<std::string>> RoomIndex::all_recordings() {
  return texts("SELECT recording FROM recordings ORDER BY number", {});
}

Result<std::optional<std::string>> RoomIndex::owner(std::string_view room) {
  BOOST_OUTCOME_TRY(auto found, texts("SELECT user FROM rooms WHERE room = ?", room));
  return found.empty() ? std::optional<std::string>() : std::optional<std::string>(std::move(found.front()));
}

Result<std::optional<std::string>> RoomIndex::owner_of_recording(std::string_view recording) {
  BOOST_OUTCOME_TRY(auto found,
                    texts("SELECT user FROM recordings JOIN rooms USING (room) WHERE recording = ?", recording));
  return found.empty() ? std::optional<std::string>() : std::optional<std::string>(std::move(found.front()));
}

Result<void> RoomIndex::remove_room(std::string_view room) {
  return guard([&]() -> Result<void> {
    SQLite::Statement erase(database_->handle(), "DELETE FROM rooms WHERE room = ?");
    erase.bind(1, std::string(room));
    erase.exec();
    return kOk;
  });
}

Result<void> RoomIndex::add_recording(const consent::RecordingId& recording, const consent::RoomId& room) {
  return guard([&]() -> Result<void> {
    SQLite::Statement insert(database_->handle(), "INSERT OR IGNORE INTO recordings (recording, room) VALUES (?, ?)");
    insert.bind(1, recording.hex());
    insert.bind(2, room.hex());
    if (insert.exec() == 1) return kOk;
    SQLite::Statement look(database_->handle(), "SELECT room FROM recordings WHERE recording = ?");
    look.bind(1, recording.hex());
    if (look.executeStep() && look.getColumn(0).getString() == room.hex()) return kOk;
    return Error(Errc::conflict, "this recording id is taken; make a fresh one", "recording_exists");
  });
}

Result<void> RoomIndex::remove_recording(std::string_view recording) {
  return guard([&]() -> Result<void> {
    SQLite::Statement erase(database_->handle(), "DELETE FROM recordings WHERE recording = ?");
    erase.bind(1, std::string(recording));
    erase.exec();
    return kOk;
  });
}

Result<void> RoomIndex::set_over(const consent::RecordingId& recording, consent::EndReason reason) {
  return guard([&]() -> Result<void> {
    SQLite::Statement update(database_->handle(),
                             "UPDATE recordings SET over_because = ? WHERE recording = ? AND over_because IS NULL");
    update.bind(1, std::string(consent::name_of(reason)));
    update.bind(2, recording.hex());
    update.exec();
    return kOk;
  });
}

Result<std::optional<consent::EndReason>> RoomIndex::over(const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(
      const auto found,
      texts("SELECT over_because FROM recordings WHERE recording = ? AND over_because IS NOT NULL", recording.hex()));
  return found.empty() ? std::optional<consent::EndReason>() : std::optional(end_reason(found.front()));
}

Result<void> RoomIndex::add_grant(const crypto::Digest& token, const ReadGrant& grant, consent::TimeMs expires) {
  return guard([&]() -> Result<void> {
    SQLite::Statement sweep(database_->handle(), "DELETE FROM grants WHERE expires_ms <= ?");
    sweep.bind(1, wall_time().value);
    sweep.exec();
    SQLite::Statement insert(database_->handle(),
                             "INSERT INTO grants VALUES (?, ?, ?, ?) ON CONFLICT (token_sha256) DO NOTHING");
    insert.bind(1, token.data(), static_cast<int>(token.size()));
    insert.bind(2, grant.recording);
    if (grant.approval) insert.bind(3, *grant.approval);
    insert.bind(4, expires.value);
    insert.exec();
    return kOk;
  });
}

Result<std::optional<ReadGrant>> RoomIndex::grant(const crypto::Digest& token, consent::TimeMs now) {
  return guard([&]() -> Result<std::optional<ReadGrant>> {
    SQLite::Statement select(database_->handle(),
                             "SELECT recording, approval FROM grants WHERE token_sha256 = ? AND expires_ms > ?");
    select.bind(1, token.data(), static_cast<int>(token.size()));
    select.bind(2, now.value);
    if (!select.executeStep()) return std::optional<ReadGrant>();
    ReadGrant grant{select.getColumn(0).getString(), std::nullopt};
    if (!select.isColumnNull(1)) grant.approval = select.getColumn(1).getString();
    return std::optional<ReadGrant>(std::move(grant));
  });
}

}  // namespace unavoce::server
