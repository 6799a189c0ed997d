#pragma once
// All sessions that run now, by room, and what happens to recordings without a session: withdrawals afterwards,
// retention, deletion, and what is left to do when the service starts again.
// Owned by Server; control thread.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "recorder/event.hpp"
#include "server/meeting.hpp"
#include "server/recording_marks.hpp"
#include "server/recording_queues.hpp"
#include "server/router.hpp"
#include "server/seals.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Meetings {
 public:
  explicit Meetings(Services& services);

  /// Opens the WebSocket of a room for somebody who will introduce themselves with `join`.
  Task<Result<OpenWebSocket>> open_socket(Context context);
  /// The session of a room; starts one if there is none, with the request that was in force before a restart, if any.
  /// `address` (address_group) is whose it counts for then.
  Task<Result<std::shared_ptr<Meeting>>> meeting_in(std::string room, std::string address);

  /// The running session that a recording belongs to; null if there is none.
  std::shared_ptr<Meeting> meeting_about(const consent::RecordingId& recording) const;
  /// The running session whose rules must hear this withdrawal; null if there is none.
  std::shared_ptr<Meeting> meeting_concerned_by(const consent::Withdrawal& withdrawal) const;
  std::shared_ptr<Meeting> meeting_of_session(const consent::SessionId& session) const;

  /// Ends a recording, and closes its gate, before this returns, if the log-in is the one with which a host who is in
  /// its meeting came in; otherwise nothing happens. stop() follows in any case, once the log-in was looked up.
  void stop_at_once(const consent::RecordingId& recording, const crypto::Digest& login);
  /// This log-in was logged out: it ends nothing at once any more.
  void forget_login(const crypto::Digest& login);
  /// The host ends a recording, with or without a session; returns when it is sealed.
  Task<Result<void>> stop(consent::RecordingId recording);

  /// A withdrawal for a recording without a session; the same order of events. It is in effect from the call on, also
  /// in a session that begins meanwhile, and waits for no other recording. Errors: not_found, gone, rate_limited (none
  /// of these are in effect), unavailable (`proof_follows`), storage.
  Task<Result<Accepted>> withdraw_afterwards(consent::Signed<consent::Withdrawal> withdrawal);

  struct Place {
    std::shared_ptr<Meeting> meeting;
    consent::ParticipantId owner;
    PublishPlace* place;  // valid until the next co_await
  };
  /// Withdrawals from a recording that are in effect, and may not be in the ledger yet. Any thread: who gives something
  /// out asks when it reads, not when it was asked.
  std::vector<consent::Signed<consent::Withdrawal>> withdrawals_in_effect(std::string_view recording) const;
  bool was_place(std::string_view path, const crypto::Digest& token) const;
  std::optional<Place> find_place(std::string_view path) const;

  void room_changed(const consent::Signed<consent::Room>& room);
  void hear(const recorder::Event& event);
  /// Less of the disk is free than what stays free (disk_reserve.hpp).
  void disk_is_low();

  /// Ends the room's session, then erases its recordings, wrapped keys, statements, and the room. Can be repeated.
  Task<Result<void>> erase_room(std::string room);
  /// A recording that has ended, also if its seals are still owed, because its host wants it gone before its time.
  /// Comes after what is being erased of it already, and waits for no other recording. Can be repeated. Errors:
  /// not_found, conflict (it is being erased as a whole already; `not_ended`; `withdrawal_unfinished`: one of its
  /// withdrawals is being carried out, or the disk does not let it be finished yet), io.
  Task<Result<void>> erase_for_host(consent::RecordingId recording);
  /// Notes that it has begun, then keys, files, and the statements, in whose place the ledger says what happened. Can
  /// be repeated.
  Task<Result<void>> erase_recording(std::string recording, consent::ErasedReason reason);

  /// Before anything is served: repairs files, finishes withdrawals. The seals of interrupted takes are owed from then
  /// on, and follow while the service serves. Errors: see recovery.cpp.
  Task<Result<void>> recover();
  /// Erases what has reached the end of its retention, and ends recordings that nobody came back to.
  Task<void> sweep();
  /// Everybody out, and nobody in any more; returns when everything is sealed that this run has recorded.
  Task<void> end_all();

 private:
  /// Errors: unavailable (the service is stopping).
  Result<void> check_serving() const;
  /// The account that a session's room belongs to, and the address from which it was opened.
  struct Opener {
    std::string account;
    std::string address;
  };
  /// Whether the machine, and these, take one more meeting, if there is none in the room. Errors: unavailable
  /// (too_many_sessions, too_many_sessions_of_account), rate_limited (too_many_sessions_of_address).
  Result<void> check_one_more(const std::string& room, const Opener& opener);
  Task<Result<void>> erase_ended(consent::RecordingId recording);
  /// Erases a recording as a whole by `erase`, behind what is being erased of it already, and nobody else meanwhile.
  /// Errors: conflict (somebody else does), and those of `erase`.
  Task<Result<void>> erase_in_turn(const consent::RecordingId& recording,
                                   const std::function<Task<Result<void>>()>& erase);
  /// Everybody out of a room, until there is no session in it.
  Task<void> close_room(std::string room);
  /// All that `unavoce.db` or the ledger know: one that is lost, or older, must not keep anything beyond its retention.
  Task<Result<std::vector<std::string>>> every_recording();
  Task<Result<void>> recover_recording(consent::RecordingId recording);
  /// Goes on with the erasure of a recording as a whole that was cut off. False if none was; true also if somebody is
  /// about it already, or it could not be finished now, which is logged. Errors: io, if nobody can tell.
  Task<Result<bool>> finish_erasure(consent::RecordingId recording);
  /// The recording that a session in this room would take up now; nothing if there is none.
  Task<Result<std::optional<consent::RecordingId>>> to_go_on_in(std::string room);
  Task<Result<void>> leave_open_or_seal(consent::RecordingId recording, consent::Request request);
  /// What the last run left open in a room gets its final seal, unless a session takes it up: `goes_on`.
  void end_left_open(const std::string& room, const std::optional<consent::RecordingId>& goes_on);
  Task<Result<void>> sweep_recording(consent::RecordingId recording);
  Task<Result<void>> sweep_unknown(std::string recording);
  Task<void> sweep_empty_meetings();
  /// What the ledger has about a withdrawal that comes without a session.
  struct Standing {
    bool is_known = false;                        ///< it has its row already
    std::vector<consent::StatementId> approvals;  ///< what it takes back as a whole
  };
  Result<void> count(const consent::Withdrawal& withdrawal, const consent::StatementId& id, bool is_known);
  Task<std::optional<Unproven::Missing>> finish(consent::Signed<consent::Withdrawal> withdrawal);
  Task<Result<void>> erase_again(consent::RecordingId recording);
  /// Behind what is being done about this recording already: in the order of its session's jobs if one has begun.
  /// `also`: approvals that the ledger may not say are taken back. Errors: gone (all of it was erased meanwhile), and
  /// those of erase_withdrawn().
  Task<Result<void>> erase_afterwards(consent::Signed<consent::Withdrawal> withdrawal,
                                      std::vector<consent::StatementId> also);

  Services& services_;
  Unproven unproven_;
  Seals seals_;
  AnswerLimit answers_;
  std::map<std::string, std::shared_ptr<Meeting>> meetings_;  // by room
  struct LeftOpen {
    consent::RecordingId recording;
    consent::TimeMs expires;
  };
  std::map<std::string, LeftOpen> left_open_;  // by room: what its people may still come back to after a crash
  std::map<std::string, Opener> openers_;      // of these rooms, and of some that are over
  enum class Phase { serving, ending } phase_ = Phase::serving;
  RecordingQueues afterwards_;      // what withdrawals without a session erase, and the erasures of whole recordings
  RecordingMarks erasing_;          // as a whole: one attempt at a time
  bool told_without_room_ = false;  // that the ledger has recordings which no room has
};

}  // namespace unavoce::server
