#pragma once
// One session in a room: who is here, what they said, and the take that runs. Events go through the rules
// (consent/rules.hpp); their effects are carried out here, CloseGate first and without waiting for anything, the rest
// in order by the recording's job queue. Knows no rule of consent itself.
// Owned by Meetings (shared, because jobs outlive connections); control thread only. Names live and die with it.

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "consent/gate.hpp"
#include "consent/rules.hpp"
#include "recorder/event.hpp"
#include "server/answer_limit.hpp"
#include "server/client_messages.hpp"
#include "server/job_queue.hpp"
#include "server/meeting_messages.hpp"
#include "server/person.hpp"
#include "server/seals.hpp"
#include "server/services.hpp"
#include "server/unproven.hpp"

namespace unavoce::server {

/// A statement that is in the ledger, and where its author may publish now.
struct Accepted {
  consent::Entry entry;
  std::optional<PublishPlace> place;
};

/// A request that was in force when the service stopped.
struct OpenRequest {
  consent::Signed<consent::Request> request;
  consent::MeetingState state;
  std::map<consent::StatementId, consent::Signed<consent::Approval>> approvals;
  std::set<consent::StatementId> withdrawals;  ///< those that `state` has heard
};

class Meeting : public std::enable_shared_from_this<Meeting> {
 public:
  Meeting(Services& services, Unproven& unproven, Seals& seals, AnswerLimit& answers,
          consent::Signed<consent::Room> room, std::optional<OpenRequest> open);

  const consent::SessionId& session() const noexcept { return session_; }
  const consent::Signed<consent::Room>& room() const noexcept { return room_; }
  bool is_about(const consent::RecordingId& recording) const noexcept;
  /// A withdrawal that the rules of this session must hear: by somebody who approved its recording, or who is in a take
  /// that is still being prepared for an older one.
  bool concerns(const consent::Withdrawal& withdrawal) const;
  bool nobody_is_here() const noexcept { return state_.members.empty(); }

  // ---- people (meeting_people.cpp)

  /// Errors: conflict (full, key in use). The gate closes before this waits. Resuming replaces the older connection,
  /// which is closed; nobody leaves by that.
  /// `login`: a host's, with which the connection was opened.
  Task<Result<consent::ParticipantId>> join(JoinMessage message, consent::Role role,
                                            std::shared_ptr<WebSocketPeer> peer, std::optional<crypto::Digest> login);
  /// Whoever came back says with a fresh signature that their approval still holds. Answered by `confirmed`.
  Task<Result<void>> confirm(consent::ParticipantId participant, ConfirmMessage message);
  /// A host has somebody leave, at once; they may come back with the link. Errors: forbidden, malformed.
  Result<void> remove(const consent::ParticipantId& host, const RemoveMessage& message);
  /// The connection ended; nothing happens if a newer one took its place.
  void left(const consent::ParticipantId& participant, const WebSocketPeer* peer);
  /// Errors: rate_limited (too_many_signals; end the sender's connection), malformed.
  Result<void> relay(const consent::ParticipantId& from, const SignalMessage& message);
  void countersign(const consent::ParticipantId& from, const CountersignMessage& message);

  // ---- statements (meeting_statements.cpp); each is checked, made durable and takes effect in the order of DESIGN 5.
  // Errors besides those of the checks: rate_limited (too_many_answers), but not for what takes something back.

  Task<Result<Accepted>> request(consent::Signed<consent::Request> request);
  Task<Result<Accepted>> approve(consent::Signed<consent::Approval> approval, std::optional<crypto::Bytes> wrapped);
  /// Whether this refusal is good now: one that was sent before is not, because its challenge was used.
  bool would_take(const consent::Signed<consent::Refusal>& refusal) const;
  /// One that is good is in effect, and the gate closed, before this waits for anything.
  Task<Result<Accepted>> refuse(consent::Signed<consent::Refusal> refusal);
  Task<Result<Accepted>> withdraw(consent::Signed<consent::Withdrawal> withdrawal);
  /// A withdrawal that was, or is being, made durable elsewhere. Takes effect at once, and once only.
  void hear(const consent::Signed<consent::Withdrawal>& withdrawal);
  /// Erases, in the order of this session's jobs, what a withdrawal that is in the ledger takes back.
  Task<Result<void>> finish(consent::Signed<consent::Withdrawal> withdrawal);
  /// Tells its author, if they are still here, that a withdrawal is in the ledger after all.
  void tell_proven(const consent::Signed<consent::Withdrawal>& withdrawal);

  // ---- the room's host and the service

  /// Ends a recording if the log-in is the one with which a host who is here came in: nobody has to be asked who that
  /// is. The gate is closed when this returns.
  void stop_at_once(const consent::RecordingId& recording, const crypto::Digest& login);
  void forget_login(const crypto::Digest& login);
  /// Ends a recording; returns when it is sealed.
  Task<void> stop(consent::RecordingId recording);
  void room_changed(const consent::Signed<consent::Room>& room);
  /// Everybody out: the gate is closed when this returns.
  void everybody_out();
  /// The same; returns when what was recorded is sealed.
  Task<void> end();
  void hear(const recorder::Event& event);
  /// Less of the disk is free than what stays free: no take runs until there is more room.
  void disk_is_low();

  /// A WHIP session that its publisher ended; nothing of it is missed any more. False: they have no such session.
  bool end_publishing(const consent::ParticipantId& owner, const std::string& resource);
  /// A place that was taken away; deleting what was published there is done already.
  bool was_place(std::string_view path, const crypto::Digest& token) const;
  /// Where somebody may publish, by its path; null if nobody may.
  PublishPlace* find_place(std::string_view path, consent::ParticipantId& owner);

 private:
  // ---- events and effects (meeting.cpp)

  /// Lets the rules judge an event and carries out what they order; `first` is queued before the ordered jobs.
  void apply(const consent::Event& event, JobQueue::Job first = {});
  /// Tells the rules of a withdrawal unless they have heard it; `first` is queued in any case.
  void tell_rules(const consent::Signed<consent::Withdrawal>& withdrawal, JobQueue::Job first = {});
  /// Lets those in who answered in front of the door, or need not any more.
  void let_in();
  void carry_out(const consent::Effect& effect);
  void open_gate(const consent::OpenGate& effect);
  void tell_refused(const consent::TellHostRefused& effect);
  void tell_everybody();
  void send_to_all(const std::string& text);
  void send_to_room(const std::string& text);
  void schedule_tick();
  /// Something underneath is broken: the log is told, and the gate is kept closed.
  void report_fault(consent::Part part, const std::string& text);
  /// Closes the gate and tries again every few seconds.
  void keep_closed(consent::Part part);
  Task<void> recover(consent::Part part);
  /// Of whose media has ended without a word the hosts are told until it is there again.
  void media_arrives(const recorder::PublisherConnected& event);
  void media_ended(const recorder::PublisherDisconnected& event);
  /// Whose publisher this is; null if it is nobody's here.
  Person* find_publisher(const std::string& publisher);
  // ---- coming and going (meeting_people.cpp)

  Result<consent::ParticipantId> find_seat(const JoinMessage& message, consent::Role role) const;
  std::optional<consent::ParticipantId> resting_seat(const crypto::PublicKey& key, consent::Role role) const;
  void take_seat(Person person);
  Task<Result<void>> welcome(consent::ParticipantId id, Token resume, std::shared_ptr<WebSocketPeer> peer);
  std::vector<IceServer> ice_servers_for(const consent::ParticipantId& id) const;
  void vacate(const consent::ParticipantId& id, const Token& resume);
  void forget_somebody();
  void forget_place(Person& person);
  /// Lets a withdrawal pass that takes something back, and counts others. Errors: rate_limited.
  Result<void> count(const consent::Signed<consent::Withdrawal>& withdrawal);
  MeetingView view() const;
  Person* find(const consent::ParticipantId& participant);

  /// A durable challenge for this person's next answer; sets it, and sends it unless it comes with another message.
  enum class Tell { now, with_another_message };
  Task<Result<void>> renew_challenge(consent::ParticipantId participant, Tell tell);
  Task<void> ask_everybody();

  /// A fresh place to publish what is left of an approval that is in force; none otherwise.
  std::optional<PublishPlace> open_place(const consent::Signed<consent::Approval>& approval);
  /// Lets an approval that rests count again, if the confirmation holds; gives it.
  Result<consent::Signed<consent::Approval>> revive(const consent::Signed<consent::Confirmation>& confirmation,
                                                    std::string_view challenge);
  /// The same, and its token reads this person's own tracks later.
  Task<std::optional<PublishPlace>> give_place(consent::Signed<consent::Approval> approval);
  /// Stores what give_place could not; false if that does not work now either.
  Task<bool> store_grants();

  // ---- takes (meeting_takes.cpp), as jobs

  /// Nothing has overtaken this take yet; looked at after every wait, and before anything of it is shown or written.
  bool is_wanted(const consent::PrepareTake& effect) const;
  void end_if_over(const consent::RecordingId& recording);
  /// Whether the seals that come before the take were tried already.
  enum class Settled { no, tried };
  Task<void> prepare(consent::PrepareTake effect, Settled settled);
  Task<void> try_to_prepare(const consent::PrepareTake& effect, Settled settled);
  /// What is owed of its recording comes first, and may have to read gigabytes: no job of this session waits for that,
  /// and a take that is overtaken meanwhile does not either.
  Task<void> settle_first(consent::PrepareTake effect);
  void prepare_settled();
  Task<Result<void>> make_durable(const consent::PrepareTake& effect, std::vector<recorder::PreparedTrack> files);
  Task<Result<consent::Signed<consent::Take>>> propose_take(const consent::PrepareTake& effect);
  Task<void> end_take(consent::EndTake effect);
  Task<void> erase(consent::Erase effect);
  Task<void> end_recording(consent::EndRecording effect);
  Task<void> add_track(recorder::TrackPrepared event);

  /// Who waits for a host's signature under a take.
  struct Proposal {
    std::string take_id;
    std::string envelope;
    std::shared_ptr<Signal> answered;
  };

  Services& services_;
  Unproven& unproven_;
  Seals& seals_;
  AnswerLimit& answers_;
  consent::Signed<consent::Room> room_;
  consent::SessionId session_ = consent::SessionId::random();
  consent::MeetingState state_;
  consent::Gate gate_;
  std::shared_ptr<JobQueue> queue_;
  People people_;  // also the last ones who left, so that they can resume; emptied when the last one leaves
  std::uint64_t departures_ = 0;
  RateLimit signals_{200, std::chrono::milliseconds(20)};           // by sender: 200 at once, then 50 in a second
  RateLimit signal_kilobytes_{512, std::chrono::milliseconds(16)};  // five senders stay below the queue's 4 MiB
  std::optional<consent::Signed<consent::Request>> request_;
  std::map<consent::StatementId, consent::Signed<consent::Approval>> approvals_;
  // Withdrawals that the rules have heard: a partial one that is sent again must not touch what was approved since.
  std::set<consent::StatementId> heard_;
  // Keys that took everything back from a recording, in the ledger and erased: nothing is left to do for them.
  std::set<std::pair<consent::RecordingId, crypto::PublicKey>> all_erased_;
  std::deque<std::pair<std::string, crypto::Digest>> former_places_;  // path and token of the last ones taken away
  std::optional<Proposal> proposal_;
  std::optional<consent::PrepareTake> settling_;                          // waits for the seals that come before it
  std::set<std::pair<consent::RecordingId, std::uint32_t>> ended_takes_;  // also those that never became durable
  std::string take_envelope_;                                             // of the take that is prepared or runs
  std::optional<consent::TimeMs> opened_;
  std::int64_t last_approval_ns_ = 0;
  struct Ungranted {
    crypto::Digest token;
    ReadGrant grant;
    consent::TimeMs until;
  };
  std::deque<Ungranted> ungranted_;  // tokens that were given out and that the disk refused
  std::set<consent::Part> recovering_;
  std::set<consent::ParticipantId> unchallenged_;  // the disk refused their fresh challenge: it follows
  asio::steady_timer tick_;
};

}  // namespace unavoce::server
