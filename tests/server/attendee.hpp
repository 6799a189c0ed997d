// Somebody in a meeting under test: a WebSocket, a key, and real signatures, but no media. Waits for messages by their
// type; nothing sleeps.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "consent/checks.hpp"
#include "consent/statements.hpp"
#include "crypto/age.hpp"
#include "crypto/random.hpp"
#include "sample_room.hpp"
#include "server/clock.hpp"
#include "service.hpp"

namespace unavoce::server::test {

using Json = nlohmann::json;

/// An account with a room, and the session that runs in it.
struct Host {
  explicit Host(const Service& server_) : Host(server_, {}) {}
  Host(const Service& server_, const std::function<void(consent::Room&)>& change, const std::string& user = "host")
      : server(server_), login(server_.host(user)), room(new_room(server_, room_key)) {
    room.recipients[0].recipient = room_identity.recipient();
    if (change) change(room);
    const Reply made =
        server.fetch("POST", "/api/v1/rooms", login, envelope_body(consent::sign_statement(room, room_key)));
    if (made.status != 201) throw std::runtime_error("no room: " + made.body);
  }

  /// The same host at a service that was started again with the same data.
  Host(const Host& before, const Service& again, Headers fresh_login)
      : server(again),
        login(std::move(fresh_login)),
        room_key(crypto::SigningKey::from_seed(before.room_key.seed().view()).value()),
        room_identity(crypto::Identity::parse(crypto::as_text(before.room_identity.secret_text().view())).value()),
        room(before.room) {}

  consent::Request request(const std::string& session, consent::Scope scope) const {
    const auto now = wall_time();
    return {.recording = consent::RecordingId::random(),
            .room = room.room,
            .room_statement = consent::id_of(room),
            .session = consent::SessionId::parse(session).value(),
            .purpose = "Minutes",
            .scope = scope,
            .minimum_scope = {},
            .delete_after_ms = now + consent::SpanMs{86'400'000},
            .names_refusals = false,
            .notice = {1, "en", {}},
            .page_sha256 = {},
            .key = room_key.public_key(),
            .issued_ms = now,
            .expires_ms = now + consent::SpanMs{3'600'000}};
  }

  const Service& server;
  Headers login;
  crypto::SigningKey room_key = crypto::SigningKey::generate();
  crypto::Identity room_identity = crypto::Identity::generate();
  consent::Room room;
};

inline Reply post_statement(const Service& server, const std::string& envelope, const Headers& headers = {},
                            const std::optional<crypto::Bytes>& wrapped = {}) {
  Json body = {{"envelope", envelope}, {"wrapped", nullptr}};
  if (wrapped) body["wrapped"] = crypto::to_base64(*wrapped);
  return server.fetch("POST", "/api/v1/statements", headers, body.dump());
}

class Attendee {
 public:
  enum class As { participant, host };

  /// How somebody comes in, if not for the first time and at once.
  struct Entrance {
    const crypto::SigningKey* key = nullptr;  ///< the one to use again
    std::optional<std::string> resume{};
    std::function<void()> before_join{};  ///< the connection is there
    std::function<void()> after_join{};   ///< `join` is on its way, and nothing was heard yet
  };

  Attendee(const Host& host, As as, const std::string& name = "Somebody") : Attendee(host, as, name, {}) {}
  Attendee(const Host& host, As as, const std::string& name, const Entrance& entrance)
      : key(entrance.key != nullptr ? crypto::SigningKey::from_seed(entrance.key->seed().view()).value()
                                    : crypto::SigningKey::generate()),
        host_(host),
        role_(as == As::host ? consent::Role::host : consent::Role::participant),
        socket_(host.server.address(), "/api/v1/rooms/" + host.room.room.hex() + "/ws",
                as == As::host ? host.login : Headers{}) {
    if (!socket_.is_open()) throw std::runtime_error("no WebSocket: " + socket_.reply().body);
    if (entrance.before_join) entrance.before_join();
    send({{"type", "join"},
          {"name", name},
          {"key", key.public_key().text()},
          {"role", as == As::host ? "host" : "participant"},
          {"resume", entrance.resume ? Json(*entrance.resume) : Json(nullptr)}});
    if (entrance.after_join) entrance.after_join();
    welcome = next();
    while (welcome.at("type") != "welcome") {
      if (welcome.at("type") == "problem") throw std::runtime_error(welcome.dump());
      welcome = next();
    }
    participant = welcome.at("participant");
    take_request(welcome.at("request"));
  }

  /// The next message of this type; earlier ones of other types are looked at (challenges, requests, gate) and dropped.
  Json wait_for(const std::string& type) {
    for (;;) {
      const Json message = next();
      if (message.at("type") == type) return message;
    }
  }
  void wait_for_gate(const std::string& state) {
    while (gate.at("state") != state) wait_for("gate");
  }
  void wait_for_request() {
    while (!request) wait_for("request");
  }

  consent::Approval approval(consent::Scope scope) {
    const auto now = wall_time();
    consent::Approval body{.request = request->id,
                           .recording = request->body.recording,
                           .participant = consent::ParticipantId::parse(participant).value(),
                           .role = role_,
                           .key = key.public_key(),
                           .scope = scope,
                           .consent_recipient = std::nullopt,
                           .wrapped_sha256 = std::nullopt,
                           .challenge = challenge_,
                           .nonce = crypto::to_base64url(crypto::random_array<32>()),
                           .checkpoint = std::nullopt,
                           .attested_by = std::nullopt,
                           .method = std::nullopt,
                           .issued_ms = now,
                           .expires_ms = now + consent::SpanMs{3'600'000}};
    wrapped.reset();
    consent_key.reset();
    if (!scope.empty()) {
      const crypto::Identity& e = consent_key.emplace(crypto::Identity::generate());
      const std::array recipients{host_.room_identity.recipient()};
      const std::string plain = std::string(crypto::as_text(e.secret_text().view())) +
                                "\n# name: x\n# request: " + request->id.hex() +
                                "\n# participant: " + key.public_key().text() + "\n";
      wrapped = crypto::seal(crypto::as_bytes(plain), recipients).value();
      body.consent_recipient = e.recipient();
      body.wrapped_sha256 = crypto::sha256(*wrapped);
    }
    return body;
  }

  /// Approves; `last_approval` is its id afterwards.
  Reply approve(consent::Scope scope = {consent::Kind::audio, consent::Kind::video}) {
    const auto body = approval(scope);
    last_approval = consent::id_of(body);
    return post_statement(host_.server, consent::sign_statement(body, key), {}, wrapped);
  }

  /// A fresh refusal, signed.
  std::string refusal() const {
    const consent::Refusal body{request->id,
                                request->body.recording,
                                consent::ParticipantId::parse(participant).value(),
                                role_,
                                key.public_key(),
                                challenge_,
                                crypto::to_base64url(crypto::random_array<32>()),
                                wall_time()};
    return consent::sign_statement(body, key);
  }

  Reply refuse() { return post_statement(host_.server, refusal()); }

  /// Says, having come back, that the approval still holds, and waits for the answer: `confirmed` or a problem.
  Json confirm(const consent::StatementId& approval, const std::function<void(consent::Confirmation&)>& change = {}) {
    consent::Confirmation body{approval,
                               request->body.recording,
                               consent::ParticipantId::parse(participant).value(),
                               key.public_key(),
                               challenge_,
                               crypto::to_base64url(crypto::random_array<32>()),
                               wall_time()};
    if (change) change(body);
    send({{"type", "confirm"}, {"envelope", consent::sign_statement(body, key)}});
    for (;;) {
      Json message = next();
      if (message.at("type") == "confirmed") return message;
      if (message.at("type") == "problem") return message.at("problem");
    }
  }

  std::string withdrawal(consent::Scope kinds = consent::Scope::all()) const {
    return consent::sign_statement(
        consent::Withdrawal{request->body.recording, key.public_key(), kinds, false, wall_time()}, key);
  }

  /// Asks to record (hosts) and waits until the request is here.
  void ask(consent::Scope scope = {consent::Kind::audio, consent::Kind::video},
           const std::function<void(consent::Request&)>& change = {}) {
    auto body = host_.request(welcome.at("session"), scope);
    if (change) change(body);
    const Reply reply = post_statement(host_.server, consent::sign_statement(body, host_.room_key), host_.login);
    if (reply.status != 201) throw std::runtime_error("not asked: " + reply.body);
    wait_for_request();
  }

  /// Whether a message of this type arrives before the answer to a ping, that is, was sent by now.
  bool was_sent(const std::string& type) {
    send({{"type", "ping"}});
    for (bool seen = false;;) {
      const Json message = next();
      seen = seen || message.at("type") == type;
      if (message.at("type") == "pong") return seen;
    }
  }

  /// Reads what is there, and what comes before nothing comes for this time.
  void look(std::chrono::milliseconds wait) {
    while (hear(wait)) {
    }
  }

  /// Reads on until the service closes this connection; false if it does not.
  bool is_closed() {
    while (socket_.receive()) {
    }
    return socket_.was_closed();
  }

  void send(const Json& message) { socket_.send(message.dump()); }

  crypto::SigningKey key;
  Json welcome;
  std::string participant;
  std::optional<consent::Signed<consent::Request>> request;
  Json gate = {{"state", "closed"}};
  consent::StatementId last_approval;
  std::optional<crypto::Bytes> wrapped;
  std::optional<crypto::Identity> consent_key;  ///< `e` of the last approval
  bool countersigns = true;

 private:
  Json next() {
    auto message = hear(testing::patience(std::chrono::seconds(20)));
    if (!message) throw std::runtime_error("the service closed the connection, or said nothing more");
    return std::move(*message);
  }

  std::optional<Json> hear(std::chrono::milliseconds wait) {
    const auto text = socket_.receive(wait);
    if (!text) return std::nullopt;
    Json message = Json::parse(*text);
    if (message.contains("challenge")) challenge_ = message.at("challenge");
    if (message.contains("request")) take_request(message.at("request"));
    if (message.contains("gate")) gate = message.at("gate");
    if (message.at("type") == "take_proposal" && countersigns) countersign(message);
    return message;
  }

  void take_request(const Json& notice) {
    if (notice.is_null()) return;
    request = consent::parse_statement<consent::Request>(notice.at("envelope").get<std::string>()).value();
  }

  void countersign(const Json& proposal) {
    const std::string once = proposal.at("envelope");
    const std::string twice = consent::add_signature<consent::Take>(once, host_.room_key).value();
    const Json second = Json::parse(twice).at("signatures").at(1);
    send({{"type", "countersign"},
          {"take_id", proposal.at("take_id")},
          {"keyid", second.at("keyid")},
          {"sig", second.at("sig")}});
  }

  const Host& host_;
  consent::Role role_;
  WebSocketClient socket_;
  std::string challenge_;
};

}  // namespace unavoce::server::test
