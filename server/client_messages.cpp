#include "server/client_messages.hpp"

#include "server/json_input.hpp"

namespace unavoce::server {
namespace {

constexpr std::size_t kMaxNameCharacters = 60;
constexpr std::size_t kMaxSignalBytes = 32 * 1024;
constexpr std::size_t kMaxEnvelopeBytes = 8 * 1024;

/// The JSON parser has checked the UTF-8 already.
Result<void> check_name(std::string_view name) {
  std::size_t characters = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Error(Errc::malformed, "a name has no control characters", "bad_name");
    if ((byte & 0xc0) != 0x80) ++characters;
  }
  if (characters >= 1 && characters <= kMaxNameCharacters && name.find_first_not_of(' ') != std::string_view::npos) {
    return boost::outcome_v2::success();
  }
  return Error(Errc::malformed, "a name has 1 to 60 characters", "bad_name");
}

Result<ClientMessage> parse_join(std::string_view text) {
  BOOST_OUTCOME_TRY(auto input, JsonInput::parse(text, {"type", "name", "key", "role", "resume"}));
  BOOST_OUTCOME_TRY(auto name, input.text("name", 4 * kMaxNameCharacters));
  BOOST_OUTCOME_TRY(check_name(name));
  BOOST_OUTCOME_TRY(auto key_text, input.text("key", 64));
  BOOST_OUTCOME_TRY(auto key, crypto::PublicKey::parse(key_text));
  BOOST_OUTCOME_TRY(auto role, input.text("role", 20));
  BOOST_OUTCOME_TRY(auto resume, input.optional_text("resume", 64));
  if (role != "host" && role != "participant") return Error(Errc::malformed, "the role is host or participant");
  const auto as = role == "host" ? JoinMessage::As::host : JoinMessage::As::participant;
  return ClientMessage(JoinMessage{std::move(name), key, as, std::move(resume)});
}

Result<ClientMessage> parse_signal(std::string_view text) {
  BOOST_OUTCOME_TRY(auto input, JsonInput::parse(text, {"type", "to", "data"}));
  BOOST_OUTCOME_TRY(auto to, input.text("to", 32));
  BOOST_OUTCOME_TRY(auto data, input.value("data"));
  std::string data_text = dump(data);
  if (data_text.size() > kMaxSignalBytes) return Error(Errc::malformed, "a signal has at most 32 KiB");
  return ClientMessage(SignalMessage{std::move(to), std::move(data_text)});
}

Result<ClientMessage> parse_countersign(std::string_view text) {
  BOOST_OUTCOME_TRY(auto input, JsonInput::parse(text, {"type", "take_id", "keyid", "sig"}));
  BOOST_OUTCOME_TRY(auto take_id, input.text("take_id", 64));
  BOOST_OUTCOME_TRY(auto keyid, input.text("keyid", 64));
  BOOST_OUTCOME_TRY(auto sig, input.text("sig", 128));
  return ClientMessage(CountersignMessage{std::move(take_id), std::move(keyid), std::move(sig)});
}

Result<ClientMessage> parse_confirm(std::string_view text) {
  BOOST_OUTCOME_TRY(auto input, JsonInput::parse(text, {"type", "envelope"}));
  BOOST_OUTCOME_TRY(auto envelope, input.text("envelope", kMaxEnvelopeBytes));
  return ClientMessage(ConfirmMessage{std::move(envelope)});
}

Result<ClientMessage> parse_remove(std::string_view text) {
  BOOST_OUTCOME_TRY(auto input, JsonInput::parse(text, {"type", "participant"}));
  BOOST_OUTCOME_TRY(auto participant, input.text("participant", 32));
  return ClientMessage(RemoveMessage{std::move(participant)});
}

}  // namespace

Result<ClientMessage> parse_client_message(std::string_view text) {
  BOOST_OUTCOME_TRY(auto any, JsonInput::parse(text, {"type", "name", "key", "role", "resume", "to", "data", "take_id",
                                                      "keyid", "sig", "envelope", "participant"}));
  BOOST_OUTCOME_TRY(auto type, any.text("type", 20));
  if (type == "join") return parse_join(text);
  if (type == "signal") return parse_signal(text);
  if (type == "countersign") return parse_countersign(text);
  if (type == "confirm") return parse_confirm(text);
  if (type == "remove") return parse_remove(text);
  if (type == "leave") return ClientMessage(LeaveMessage{});
  if (type == "ping") return ClientMessage(PingMessage{});
  return Error(Errc::malformed, "the message is of no known type");
}

}  // namespace unavoce::server
