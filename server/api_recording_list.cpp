// /recordings: the list, one recording with its evidence, what an erased one leaves, and tokens that read one.

#include "consent/bundle.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "server/api.hpp"
#include "server/body_sources.hpp"
#include "server/clock.hpp"
#include "server/json_input.hpp"
#include "server/recording_access.hpp"
#include "server/recording_view.hpp"

namespace unavoce::server {
namespace {

constexpr std::int64_t kTokenLife_ms = std::int64_t{24} * 60 * 60 * 1000;

/// Each of these costs a signature: a piece of a list takes about a hundredth of a second.
constexpr std::size_t kStatementsAtOnce = 64;

/// Goes on with a list, for one piece. Database thread.
Result<void> add_to_list(Services& services, const std::vector<std::string>& ids, std::size_t& next,
                         std::string& list) {
  for (std::size_t read = 0; next < ids.size() && read < kStatementsAtOnce; ++next) {
    const std::string& id = ids[next];
    auto view = view_recording(services.ledger, id);
    ++read;
    if (!view && view.error().code == Errc::not_found) continue;  // erased, its place in the tree remains
    if (!view) return view.error();
    read += view.value().statements;
    BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(id));
    if (erasure || view.value().delete_after <= wall_time())
      view.value().json["state"] = state_name(RecordingState::erasing);
    if (!list.empty()) list += ',';
    list += dump(view.value().json);
  }
  return boost::outcome_v2::success();
}

/// An answer that is held in RAM until it is sent.
Response long_json_response(std::string text, LongReads::Held held) {
  Response response;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  held.shrink_to(text.size());
  response.source = text_source(std::move(text), std::move(held));
  return response;
}

Task<Result<Response>> list_recordings(Services& services, Context context) {
  LongReads& long_reads = services.long_reads;
  LongReads::Held held = long_reads.hold(context.user);
  auto found = co_await long_reads.in_turn(context.user, [&] { return services.rooms.recordings_of(context.user); });
  BOOST_OUTCOME_CO_TRY(const auto ids, std::move(found));
  std::string list;
  for (std::size_t next = 0; next < ids.size();) {
    auto added = co_await long_reads.in_turn(context.user, [&] { return add_to_list(services, ids, next, list); });
    BOOST_OUTCOME_CO_TRY(std::move(added));
    BOOST_OUTCOME_CO_TRY(held.grow_to(2 * list.size()));  // it is copied once more
  }
  list = "{\"recordings\":[" + std::move(list) + "]}";
  co_return long_json_response(std::move(list), std::move(held));
}

std::string joined(const std::vector<consent::EntryFile>& files) {
  std::string text;
  for (const auto& file : files) text += (text.empty() ? "" : ",") + consent::format_entry_file(file);
  return text;
}

/// Entry files go into it as they are: they are JSON. Database thread.
Result<std::string> details_of(Services& services, const std::string& recording, LongReads::Held& held) {
  BOOST_OUTCOME_TRY(auto view, view_recording(services.ledger, recording));
  BOOST_OUTCOME_TRY(check_retention(view.delete_after));
  BOOST_OUTCOME_TRY(const auto statements_bytes, services.ledger.size_bytes(recording));
  BOOST_OUTCOME_TRY(held.grow_to(4 * statements_bytes));  // as they are, in base64, and joined
  BOOST_OUTCOME_TRY(auto contents, consent::collect_statements(services.ledger, recording, wall_time()));
  Json details = std::move(view.json);
  details["checkpoint"] = contents.checkpoint;
  details["consistency"] = Json::array();
  for (const auto& [size, proof] : contents.consistency)
    details["consistency"].push_back({{"size", size}, {"proof", proof}});
  details["ledger_vkey"] = contents.ledger_vkey;
  std::string text = dump(details);
  text.pop_back();
  text += ",\"entries\":[" + joined(contents.entries) + "],\"room_entry\":";
  text += contents.rooms.empty() ? "null" : joined(contents.rooms);
  return text + "}";
}

Task<Result<Response>> show_recording(Services& services, Context context) {
  auto looked = co_await services.in_database([&] { return account_that_may_read(services, context); });
  BOOST_OUTCOME_CO_TRY(const auto reader, std::move(looked));
  LongReads::Held held = services.long_reads.hold(reader);
  auto found = co_await services.long_reads.in_turn(reader, [&]() -> Result<std::string> {
    BOOST_OUTCOME_TRY(check_is_kept(services, context.path[0]));
    return details_of(services, context.path[0], held);
  });
  BOOST_OUTCOME_CO_TRY(auto details, std::move(found));
  co_return long_json_response(std::move(details), std::move(held));
}

/// What an erased recording leaves: the service's word for it, and the proof that it stands in the ledger.
Task<Result<Response>> show_erasure(Services& services, Context context) {
  auto made = co_await services.in_database([&]() -> Result<Json> {
    BOOST_OUTCOME_TRY(auto recording, consent::RecordingId::parse(context.path[0]));
    BOOST_OUTCOME_TRY(const auto first, services.ledger.first_kind(recording.hex()));
    if (first != "erased") return Error(Errc::not_found, "no recording of this id was erased as a whole");
    BOOST_OUTCOME_TRY(const auto entries, services.ledger.entries(recording.hex()));
    const consent::Entry& entry = entries.front();
    BOOST_OUTCOME_TRY(auto proof, services.ledger.proof(entry.index));
    return Json{{"envelope", crypto::to_base64(crypto::as_bytes(entry.envelope))},
                {"entry", crypto::to_base64(crypto::as_bytes(entry.entry_json))},
                {"r", crypto::to_base64(entry.r)},
                {"proof", std::move(proof)}};
  });
  BOOST_OUTCOME_CO_TRY(auto json, std::move(made));
  co_return json_response(200, json);
}

Task<Result<Response>> make_token(Services& services, Context context) {
  const std::string token = crypto::to_base64url(crypto::random_array<32>());
  const consent::TimeMs expires{wall_time().value + kTokenLife_ms};
  auto stored = co_await services.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(auto owner, services.rooms.owner_of_recording(context.path[0]));
    if (!owner || *owner != context.user) return Error(Errc::not_found, "there is no such recording");
    return services.rooms.add_grant(crypto::sha256(crypto::as_bytes(token)), {context.path[0], std::nullopt}, expires);
  });
  BOOST_OUTCOME_CO_TRY(std::move(stored));
  co_return json_response(201, {{"token", token}, {"expires_ms", expires.value}});
}

}  // namespace

std::vector<Route> recording_list_routes(Services& services) {
  auto route = [&services](Method method, std::string_view pattern, Access access, auto handler) {
    return Route{method, pattern, access, method == Method::post ? kSmallBodyBytes : 0,
                 [&services, handler](Context context) { return handler(services, std::move(context)); }};
  };
  return {
      route(Method::get, "/api/v1/recordings", Access::host, list_recordings),
      route(Method::get, "/api/v1/recordings/{recording}", Access::reader, show_recording),
      route(Method::get, "/api/v1/recordings/{recording}/erasure", Access::anyone, show_erasure),
      route(Method::post, "/api/v1/recordings/{recording}/tokens", Access::host, make_token),
  };
}

}  // namespace unavoce::server
