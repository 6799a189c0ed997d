// /rooms: room statements, made and signed in the host's page.

#include "consent/checks.hpp"
#include "server/api.hpp"
#include "server/clock.hpp"
#include "server/evidence.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

/// Every bundle of a room's recordings holds all versions. A room that is changed every week gets there in four years.
constexpr std::uint32_t kMaxVersions = 200;

/// What a room statement must name, so that nobody is talked into evidence that another service keeps.
consent::ServiceIdentity identity_of(const Services& services) {
  return {services.service_key.public_key(), {services.ledger_identity.name(), services.ledger_identity.vkey()}};
}

Json room_json(const consent::Entry& entry) {
  return {{"room", entry.recording}, {"envelope", entry.envelope}, {"id", entry.id.hex()}};
}

Task<Result<Response>> list_rooms(Services& services, Context context) {
  auto list = co_await services.in_database([&]() -> Result<Json> {
    Json rooms = Json::array();
    BOOST_OUTCOME_TRY(auto ids, services.rooms.rooms_of(context.user));
    for (const std::string& text : ids) {
      BOOST_OUTCOME_TRY(auto id, consent::RoomId::parse(text));
      BOOST_OUTCOME_TRY(auto entry, services.ledger.latest_room(id));
      if (!entry) continue;
      BOOST_OUTCOME_TRY(auto room, consent::parse_statement<consent::Room>(entry->envelope));
      Json item = room_json(*entry);
      item["title"] = room.body.title;
      rooms.push_back(std::move(item));
    }
    return rooms;
  });
  BOOST_OUTCOME_CO_TRY(auto rooms, std::move(list));
  co_return json_response(200, {{"rooms", std::move(rooms)}});
}

Task<Result<Response>> create_room(Services& services, Context context) {
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"envelope"}));
  BOOST_OUTCOME_CO_TRY(auto envelope, input.text("envelope", 64 * 1024));
  BOOST_OUTCOME_CO_TRY(auto room, consent::parse_statement<consent::Room>(envelope));
  BOOST_OUTCOME_CO_TRY(consent::check_room(room, nullptr, identity_of(services), wall_time()));
  auto stored = co_await services.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(const auto account, services.accounts.find(context.user));
    if (!account) return Error(Errc::unauthorised, "this account was deleted just now");
    BOOST_OUTCOME_TRY(auto rooms, services.rooms.rooms_of(context.user));
    if (rooms.size() >= services.config.max_rooms_per_account) {
      return Error(Errc::forbidden,
                   "one host has at most " + std::to_string(services.config.max_rooms_per_account) + " rooms here",
                   "too_many_rooms");
    }
    auto added = services.rooms.add_room(room.body.room, context.user);
    if (!added) {
      // What an attempt left behind that the ledger refused.
      BOOST_OUTCOME_TRY(const auto owner, services.rooms.owner(room.body.room.hex()));
      BOOST_OUTCOME_TRY(const auto statement, services.ledger.latest_room(room.body.room));
      if (owner != context.user || statement) return added;
    }
    const auto entry = consent::new_entry(room);
    auto appended = append(services, {&entry, 1});
    if (appended) return boost::outcome_v2::success();
    // If this fails, too, the next attempt finds what is left; why the first thing failed is what has to be known.
    (void)services.rooms.remove_room(room.body.room.hex());
    return appended.error();
  });
  BOOST_OUTCOME_CO_TRY(std::move(stored));
  co_return json_response(201, {{"room", room.body.room.hex()}, {"id", room.id.hex()}});
}

Task<Result<Response>> update_room(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"envelope"}));
  BOOST_OUTCOME_CO_TRY(auto envelope, input.text("envelope", 64 * 1024));
  BOOST_OUTCOME_CO_TRY(auto room, consent::parse_statement<consent::Room>(envelope));
  auto stored = co_await services.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(auto owner, services.rooms.owner(context.path[0]));
    if (!owner || room.body.room.hex() != context.path[0]) return Error(Errc::not_found, "there is no such room");
    if (*owner != context.user) return Error(Errc::forbidden, "this room belongs to somebody else");
    BOOST_OUTCOME_TRY(auto latest, services.ledger.latest_room(room.body.room));
    if (!latest) return Error(Errc::not_found, "there is no such room");
    BOOST_OUTCOME_TRY(auto before, consent::parse_statement<consent::Room>(latest->envelope));
    BOOST_OUTCOME_TRY(consent::check_room(room, &before, identity_of(services), wall_time()));
    if (before.body.version >= kMaxVersions) {
      return Error(Errc::forbidden,
                   "a room has at most " + std::to_string(kMaxVersions) +
                       " versions, because every recording of it goes with all of them; make a new room",
                   "too_many_versions");
    }
    const auto entry = consent::new_entry(room);
    BOOST_OUTCOME_TRY(append(services, {&entry, 1}));
    return boost::outcome_v2::success();
  });
  BOOST_OUTCOME_CO_TRY(std::move(stored));
  meetings.room_changed(room);
  co_return json_response(200, {{"room", room.body.room.hex()}, {"id", room.id.hex()}});
}

Task<Result<Response>> show_room(Services& services, Context context) {
  BOOST_OUTCOME_CO_TRY(auto id, consent::RoomId::parse(context.path[0]));
  auto latest = co_await services.in_database([&] { return services.ledger.latest_room(id); });
  BOOST_OUTCOME_CO_TRY(auto entry, std::move(latest));
  if (!entry) co_return Error(Errc::not_found, "there is no such room");
  co_return json_response(200, room_json(*entry));
}

}  // namespace

std::vector<Route> room_routes(Services& services, Meetings& meetings) {
  return {
      {Method::get, "/api/v1/rooms", Access::host, 0,
       [&services](Context context) { return list_rooms(services, std::move(context)); }},
      {Method::post, "/api/v1/rooms", Access::host, kStatementBodyBytes,
       [&services](Context context) { return create_room(services, std::move(context)); }},
      {Method::put, "/api/v1/rooms/{room}", Access::host, kStatementBodyBytes,
       [&services, &meetings](Context context) { return update_room(services, meetings, std::move(context)); }},
      {Method::get, "/api/v1/rooms/{room}", Access::anyone, 0,
       [&services](Context context) { return show_room(services, std::move(context)); }},
  };
}

}  // namespace unavoce::server
