#include "server/room_socket.hpp"

#include "server/meetings.hpp"
#include "server/rate_limit.hpp"

namespace unavoce::server {
namespace {

class RoomSocket final : public WebSocketSession {
 public:
  RoomSocket(Meetings& meetings, RoomVisit visit, std::shared_ptr<WebSocketPeer> peer,
             std::shared_ptr<asio::steady_timer> join_deadline)
      : meetings_(meetings),
        visit_(std::move(visit)),
        peer_(std::move(peer)),
        join_deadline_(std::move(join_deadline)) {}

  Task<void> receive(std::string text) override {
    if (phase_ == Phase::over) co_return;
    if (!messages_.take({}, std::chrono::steady_clock::now())) {
      peer_->send(problem_message(
          Error(Errc::rate_limited, "too many messages; join again and send fewer", "too_many_messages")));
      co_return hang_up();
    }
    auto parsed = parse_client_message(text);
    if (!parsed) {
      peer_->send(problem_message(parsed.error()));
      co_return;
    }
    ClientMessage& message = parsed.value();
    if (std::holds_alternative<PingMessage>(message)) {
      peer_->send(pong_message());
    } else if (auto* join_message = std::get_if<JoinMessage>(&message)) {
      auto joined = co_await join(std::move(*join_message));
      if (!joined) refuse(joined.error());
    } else if (!meeting_) {
      peer_->send(problem_message(Error(Errc::conflict, "say who you are first, with `join`", "join_first")));
    } else if (const auto* signal = std::get_if<SignalMessage>(&message)) {
      const auto relayed = meeting_->relay(participant_, *signal);
      if (!relayed) peer_->send(problem_message(relayed.error()));
      if (!relayed && relayed.error().code == Errc::rate_limited) hang_up();
    } else if (const auto* countersign = std::get_if<CountersignMessage>(&message)) {
      meeting_->countersign(participant_, *countersign);
    } else if (auto* confirm = std::get_if<ConfirmMessage>(&message)) {
      const std::shared_ptr<Meeting> meeting = meeting_;  // this connection may end meanwhile
      auto confirmed = co_await meeting->confirm(participant_, std::move(*confirm));
      if (!confirmed) peer_->send(problem_message(confirmed.error()));
    } else if (const auto* remove = std::get_if<RemoveMessage>(&message)) {
      const auto removed = meeting_->remove(participant_, *remove);
      if (!removed) peer_->send(problem_message(removed.error()));
    } else {
      hang_up();
    }
  }

  bool is_known() const override { return meeting_ != nullptr; }

  void closed() override {
    join_deadline_->cancel();
    const std::shared_ptr<Meeting> meeting = std::exchange(meeting_, nullptr);
    if (meeting) meeting->left(participant_, peer_.get());
  }

 private:
  Task<Result<void>> join(JoinMessage message) {
    if (meeting_) co_return Error(Errc::conflict, "you have joined already", "joined_already");
    const bool as_host = message.as == JoinMessage::As::host;
    if (as_host && !visit_.host_login) {
      co_return Error(Errc::forbidden, "only the room's owner, logged in, joins as its host", "not_the_host");
    }
    auto found = co_await meetings_.meeting_in(visit_.room, visit_.address);
    BOOST_OUTCOME_CO_TRY(auto meeting, std::move(found));
    const auto role = as_host ? consent::Role::host : consent::Role::participant;
    const std::optional<crypto::Digest> login = as_host ? visit_.host_login : std::nullopt;
    auto joined = co_await meeting->join(std::move(message), role, peer_, login);
    BOOST_OUTCOME_CO_TRY(participant_, std::move(joined));
    meeting_ = std::move(meeting);
    join_deadline_->cancel();
    co_return boost::outcome_v2::success();
  }

  /// A join that was refused leaves nothing to do on this connection.
  void refuse(const Error& error) {
    peer_->send(problem_message(error));
    if (!meeting_) hang_up();
  }

  /// Leaves, and hears nothing more from here.
  void hang_up() {
    phase_ = Phase::over;
    closed();
    peer_->close();
  }

  Meetings& meetings_;
  RoomVisit visit_;
  std::shared_ptr<WebSocketPeer> peer_;
  std::shared_ptr<asio::steady_timer> join_deadline_;
  std::shared_ptr<Meeting> meeting_;
  consent::ParticipantId participant_;
  enum class Phase { speaking, over } phase_ = Phase::speaking;
  RateLimit messages_{1000, std::chrono::milliseconds(5)};
};

}  // namespace

std::unique_ptr<WebSocketSession> open_room_socket(Meetings& meetings, RoomVisit visit,
                                                   std::shared_ptr<WebSocketPeer> peer,
                                                   std::shared_ptr<asio::steady_timer> join_deadline) {
  return std::make_unique<RoomSocket>(meetings, std::move(visit), std::move(peer), std::move(join_deadline));
}

}  // namespace unavoce::server
