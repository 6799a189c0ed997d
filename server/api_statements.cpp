// /statements: where requests, approvals, refusals and withdrawals arrive, and receipts are fetched.

#include "server/api.hpp"
#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

/// Whoever asks again ends what was asked before, and that is kept as well until its retention is over.
constexpr std::uint64_t kMaxRecordingsOfAccount = 10'000;

std::string base64(std::string_view text) {
  return crypto::to_base64(crypto::as_bytes(text));
}

/// The ledger's side of a receipt, with a fresh proof. Database thread.
Result<Json> receipt_json(Services& services, const consent::Entry& entry) {
  BOOST_OUTCOME_TRY(auto proof, services.ledger.proof(entry.index));
  return Json{{"entry", base64(entry.entry_json)}, {"r", crypto::to_base64(entry.r)}, {"proof", std::move(proof)}};
}

/// What the service says to have erased with a withdrawal: its statements, each as GET /recordings/{recording}/erasure
/// shows one. Whoever holds the withdrawal has no other way to them. Database thread.
Result<Json> erased_json(Services& services, const consent::Entry& entry) {
  BOOST_OUTCOME_TRY(const auto withdrawal, consent::parse_statement<consent::Withdrawal>(entry.envelope));
  BOOST_OUTCOME_TRY(const auto erasures, erasures_of(services, withdrawal.body));
  Json list = Json::array();
  for (const consent::Entry& erasure : erasures) {
    BOOST_OUTCOME_TRY(auto json, receipt_json(services, erasure));
    json["envelope"] = base64(erasure.envelope);
    list.push_back(std::move(json));
  }
  return list;
}

/// Database thread.
Result<Json> acknowledgement(Services& services, const consent::Entry& entry) {
  BOOST_OUTCOME_TRY(auto json, receipt_json(services, entry));
  json["id"] = entry.id.hex();
  json["kind"] = entry.kind;
  json["erased"] = nullptr;
  if (entry.kind == "withdrawal") {
    BOOST_OUTCOME_TRY(auto erased, erased_json(services, entry));
    json["erased"] = std::move(erased);
  }
  return json;
}

Task<Result<Response>> answer(Services& services, Accepted accepted) {
  auto made = co_await services.in_database([&] { return acknowledgement(services, accepted.entry); });
  BOOST_OUTCOME_CO_TRY(auto json, std::move(made));
  json["publish"] = nullptr;
  if (accepted.place) json["publish"] = {{"url", accepted.place->path}, {"token", accepted.place->token.text}};
  co_return json_response(201, json);
}

/// A statement that is in the ledger already, byte for byte: its author sent it again because our answer got lost.
Task<Result<std::optional<Accepted>>> known_already(Services& services, const consent::StatementId& id,
                                                    const std::string& envelope) {
  auto found = co_await services.in_database([&] { return services.ledger.find(id); });
  BOOST_OUTCOME_CO_TRY(auto entry, std::move(found));
  if (!entry || entry->envelope != envelope) co_return std::optional<Accepted>();
  co_return std::optional<Accepted>(Accepted{std::move(*entry), std::nullopt});
}

/// Database thread.
Result<void> check_keeps_more(Services& services, const std::string& user) {
  BOOST_OUTCOME_TRY(const auto rooms, services.rooms.rooms_of(user));
  std::uint64_t kept = 0;
  for (const std::string& text : rooms) {
    BOOST_OUTCOME_TRY(const auto room, consent::RoomId::parse(text));
    BOOST_OUTCOME_TRY(const auto count, services.ledger.recording_count(room));
    kept += count;
  }
  if (kept < kMaxRecordingsOfAccount) return boost::outcome_v2::success();
  return Error(Errc::forbidden,
               "one account keeps at most " + std::to_string(kMaxRecordingsOfAccount) +
                   " recordings here; erase some, or wait until the retention of some is over",
               "too_many_recordings");
}

Task<Result<Accepted>> take_request(Services& services, Meetings& meetings, Context context, std::string envelope) {
  auto logged_in = co_await find_user(services, context.request);
  BOOST_OUTCOME_CO_TRY(const auto user, std::move(logged_in));
  if (user.empty()) co_return Error(Errc::unauthorised, "only the room's host, logged in, asks to record");
  BOOST_OUTCOME_CO_TRY(auto request, consent::parse_statement<consent::Request>(envelope));
  auto looked = co_await services.in_database([&] { return services.rooms.owner(request.body.room.hex()); });
  BOOST_OUTCOME_CO_TRY(auto owner, std::move(looked));
  if (!owner || *owner != user) co_return Error(Errc::forbidden, "this room belongs to somebody else");
  auto known = co_await known_already(services, request.id, envelope);
  BOOST_OUTCOME_CO_TRY(auto before, std::move(known));
  if (before) co_return std::move(*before);
  auto counted = co_await services.in_database([&] { return check_keeps_more(services, user); });
  BOOST_OUTCOME_CO_TRY(std::move(counted));
  const auto meeting = meetings.meeting_of_session(request.body.session);
  if (!meeting) co_return Error(Errc::not_found, "this session is over; open the room again", "unknown_reference");
  co_return co_await meeting->request(std::move(request));
}

Task<Result<Accepted>> take_approval(Services& services, Meetings& meetings, std::string envelope,
                                     std::optional<crypto::Bytes> wrapped) {
  BOOST_OUTCOME_CO_TRY(auto approval, consent::parse_statement<consent::Approval>(envelope));
  auto known = co_await known_already(services, approval.id, envelope);
  BOOST_OUTCOME_CO_TRY(auto before, std::move(known));
  // No place to publish here: others can read an envelope and send it again. Who lost our answer approves anew.
  if (before) co_return std::move(*before);
  const auto meeting = meetings.meeting_about(approval.body.recording);
  if (!meeting) co_return Error(Errc::not_found, "this recording is over", "unknown_reference");
  co_return co_await meeting->approve(std::move(approval), std::move(wrapped));
}

Task<Result<Accepted>> take_refusal(Services& services, Meetings& meetings, std::string envelope) {
  BOOST_OUTCOME_CO_TRY(auto refusal, consent::parse_statement<consent::Refusal>(envelope));
  // What closes the gate waits for no disk, not even for what others are having written.
  const auto running = meetings.meeting_about(refusal.body.recording);
  if (running && running->would_take(refusal)) co_return co_await running->refuse(std::move(refusal));
  auto known = co_await known_already(services, refusal.id, envelope);
  BOOST_OUTCOME_CO_TRY(auto before, std::move(known));
  if (before) co_return std::move(*before);
  const auto meeting = meetings.meeting_about(refusal.body.recording);
  if (!meeting) co_return Error(Errc::not_found, "this recording is over", "unknown_reference");
  co_return co_await meeting->refuse(std::move(refusal));
}

/// Never answered from what is known alone: sending it again also finishes an erasure that failed the first time.
Task<Result<Accepted>> take_withdrawal(Meetings& meetings, std::string envelope) {
  BOOST_OUTCOME_CO_TRY(auto withdrawal, consent::parse_statement<consent::Withdrawal>(envelope));
  const auto meeting = meetings.meeting_concerned_by(withdrawal.body);
  if (meeting) co_return co_await meeting->withdraw(std::move(withdrawal));
  co_return co_await meetings.withdraw_afterwards(std::move(withdrawal));
}

Task<Result<Accepted>> take_statement(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"envelope", "wrapped"}));
  BOOST_OUTCOME_CO_TRY(auto envelope, input.text("envelope", 64 * 1024));
  BOOST_OUTCOME_CO_TRY(auto wrapped_text, input.optional_text("wrapped", 64 * 1024));
  std::optional<crypto::Bytes> wrapped;
  if (wrapped_text) {
    BOOST_OUTCOME_CO_TRY(auto bytes, crypto::from_base64(*wrapped_text));
    wrapped = std::move(bytes);
  }
  BOOST_OUTCOME_CO_TRY(auto kind, consent::kind_of(envelope));
  if (kind == "request") co_return co_await take_request(services, meetings, std::move(context), std::move(envelope));
  if (kind == "approval") {
    co_return co_await take_approval(services, meetings, std::move(envelope), std::move(wrapped));
  }
  if (kind == "refusal") co_return co_await take_refusal(services, meetings, std::move(envelope));
  if (kind == "withdrawal") co_return co_await take_withdrawal(meetings, std::move(envelope));
  co_return Error(Errc::forbidden, "a statement of this kind is not taken here", "not_permitted");
}

Task<Result<Response>> post_statement(Services& services, Meetings& meetings, Context context) {
  auto taken = co_await take_statement(services, meetings, std::move(context));
  BOOST_OUTCOME_CO_TRY(auto accepted, std::move(taken));
  co_return co_await answer(services, std::move(accepted));
}

Task<Result<Response>> show_receipt(Services& services, Context context) {
  auto made = co_await services.in_database([&]() -> Result<Json> {
    BOOST_OUTCOME_TRY(auto id, consent::StatementId::parse(context.path[0]));
    BOOST_OUTCOME_TRY(auto entry, services.ledger.find(id));
    if (!entry) return Error(Errc::not_found, "there is no such statement, or it was erased");
    BOOST_OUTCOME_TRY(auto json, receipt_json(services, *entry));
    json["checkpoint"] = services.ledger.signed_checkpoint();
    return json;
  });
  BOOST_OUTCOME_CO_TRY(auto json, std::move(made));
  co_return json_response(200, json);
}

}  // namespace

std::vector<Route> statement_routes(Services& services, Meetings& meetings) {
  return {
      {Method::post, "/api/v1/statements", Access::anyone, kStatementBodyBytes,
       [&services, &meetings](Context context) { return post_statement(services, meetings, std::move(context)); }},
      {Method::get, "/api/v1/statements/{id}/receipt", Access::anyone, 0,
       [&services](Context context) { return show_receipt(services, std::move(context)); }},
  };
}

}  // namespace unavoce::server
