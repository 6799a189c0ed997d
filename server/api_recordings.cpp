// /recordings: what the host of a room, or the holder of a token for one recording, may read. Everything here is
// sealed; nothing here can open it.

#include <algorithm>
#include <array>

#include "consent/bundle.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "server/api.hpp"
#include "server/body_sources.hpp"
#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"
#include "server/recording_view.hpp"

namespace unavoce::server {
namespace {

constexpr std::int64_t kTokenLife_ms = std::int64_t{24} * 60 * 60 * 1000;

/// Whose recording it is, or a token for all of it. A stranger learns no more than that there is nothing for them.
/// Database thread.
Result<void> check_may_read(Services& services, const Context& context) {
  BOOST_OUTCOME_TRY(auto recording, consent::RecordingId::parse(context.path[0]));
  BOOST_OUTCOME_TRY(auto owner, services.rooms.owner_of_recording(recording.hex()));
  if (owner && !context.user.empty() && *owner == context.user) return boost::outcome_v2::success();
  if (const auto token = context.request.bearer(); !token.empty()) {
    BOOST_OUTCOME_TRY(auto grant, services.rooms.grant(crypto::sha256(crypto::as_bytes(token)), wall_time()));
    if (grant && grant->recording == recording.hex() && !grant->approval) return boost::outcome_v2::success();
    // Its tokens went with it; that it is gone, everybody may know who has its id (`…/erasure`).
    BOOST_OUTCOME_TRY(const bool erased, services.ledger.was_erased(recording.hex()));
    if (!grant && erased) return Error(Errc::gone, "this recording was erased as a whole");
  }
  if (context.user.empty())
    return Error(Errc::unauthorised, "log in as the host of this recording, or send a token for it");
  return Error(Errc::not_found, "there is no such recording");
}

/// Whose approval the bearer's token came with, if it is one of a participant of this recording. Database thread.
Result<std::optional<std::string>> approval_of_bearer(Services& services, const Context& context) {
  const auto token = context.request.bearer();
  if (token.empty()) return std::optional<std::string>();
  BOOST_OUTCOME_TRY(auto grant, services.rooms.grant(token_sha256(token), wall_time()));
  return grant && grant->recording == context.path[0] ? grant->approval : std::nullopt;
}

/// The name says whose a track file is: t001-<first 16 digits of the approval>-f001.webm.age
bool is_of(std::string_view track, std::string_view approval) {
  const auto take_end = track.find('-');
  return take_end != std::string_view::npos &&
         track.substr(take_end + 1).starts_with(std::string(approval.substr(0, 16)) + "-");
}

/// Besides: the participant whose track it is. Database thread.
Result<void> check_may_read_track(Services& services, const Context& context) {
  BOOST_OUTCOME_TRY(const auto approval, approval_of_bearer(services, context));
  if (approval && is_of(context.path[1], *approval)) return boost::outcome_v2::success();
  return check_may_read(services, context);
}

/// Withdrawals that the ledger may not have yet: they are on their way, or the disk refuses to write and goes on giving
/// what it has.
using InEffect = std::vector<consent::Signed<consent::Withdrawal>>;

/// Errors: gone, from the end of the retention on.
Result<void> check_retention(consent::TimeMs delete_after) {
  if (delete_after > wall_time()) return boost::outcome_v2::success();
  return Error(Errc::gone, "the retention of this recording is over; it is being erased");
}

/// Errors: gone, from the moment on at which the erasure of all of it began. Database thread.
Result<void> check_is_kept(Services& services, const std::string& recording) {
  BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(recording));
  if (!erasure) return boost::outcome_v2::success();
  return Error(Errc::gone, "this recording is being erased as a whole; GET its /erasure says when that is done");
}

/// What may be given out: nothing after the retention or once it is being erased, although the disk may still have it,
/// and nothing that was withdrawn. Database thread.
Result<RecordingView> readable_view(Services& services, const std::string& recording, const InEffect& in_effect) {
  BOOST_OUTCOME_TRY(auto view, view_recording(services.ledger, recording));
  BOOST_OUTCOME_TRY(check_retention(view.delete_after));
  BOOST_OUTCOME_TRY(check_is_kept(services, recording));
  BOOST_OUTCOME_TRY(const auto id, consent::RecordingId::parse(recording));
  BOOST_OUTCOME_TRY(const auto withdrawn, withdrawn_of(services, id, in_effect));
  std::erase_if(view.file_names,
                [&](const std::string& name) { return std::ranges::count(withdrawn.files, name) != 0; });
  return view;
}

Result<Json> list_of(Services& services, const std::string& user) {
  BOOST_OUTCOME_TRY(auto ids, services.rooms.recordings_of(user));
  Json list = Json::array();
  for (const std::string& id : ids) {
    auto view = view_recording(services.ledger, id);
    if (!view && view.error().code == Errc::not_found) continue;  // erased, its place in the tree remains
    if (!view) return view.error();
    BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(id));
    if (erasure || view.value().delete_after <= wall_time())
      view.value().json["state"] = state_name(RecordingState::erasing);
    list.push_back(std::move(view.value().json));
  }
  return list;
}

Task<Result<Response>> list_recordings(Services& services, Context context) {
  auto found = co_await services.in_database([&] { return list_of(services, context.user); });
  BOOST_OUTCOME_CO_TRY(auto list, std::move(found));
  co_return json_response(200, {{"recordings", std::move(list)}});
}

/// The room statement that the request names; the room may have changed since.
const consent::EntryFile* named_room(const consent::BundleContents& contents) {
  if (contents.entries.empty()) return nullptr;
  const auto request = consent::parse_statement<consent::Request>(contents.entries.front().envelope);
  if (!request) return nullptr;
  const auto named = std::ranges::find_if(contents.rooms, [&](const consent::EntryFile& file) {
    const auto room = consent::parse_statement<consent::Room>(file.envelope);
    return room && room.value().id == request.value().body.room_statement;
  });
  return named == contents.rooms.end() ? nullptr : &*named;
}

Result<Json> details_of(Services& services, const std::string& recording) {
  BOOST_OUTCOME_TRY(auto view, view_recording(services.ledger, recording));
  BOOST_OUTCOME_TRY(check_retention(view.delete_after));
  BOOST_OUTCOME_TRY(auto contents, consent::collect_statements(services.ledger, recording, wall_time()));
  auto as_json = [](const consent::EntryFile& file) { return Json::parse(consent::format_entry_file(file)); };
  Json details = std::move(view.json);
  details["entries"] = Json::array();
  for (const auto& entry : contents.entries) details["entries"].push_back(as_json(entry));
  const consent::EntryFile* room = named_room(contents);
  details["room_entry"] = room == nullptr ? Json(nullptr) : as_json(*room);
  details["checkpoint"] = contents.checkpoint;
  details["consistency"] = Json::array();
  for (const auto& [size, proof] : contents.consistency)
    details["consistency"].push_back({{"size", size}, {"proof", proof}});
  details["ledger_vkey"] = contents.ledger_vkey;
  return details;
}

Task<Result<Response>> show_recording(Services& services, Context context) {
  auto found = co_await services.in_database([&]() -> Result<Json> {
    BOOST_OUTCOME_TRY(check_may_read(services, context));
    BOOST_OUTCOME_TRY(check_is_kept(services, context.path[0]));
    return details_of(services, context.path[0]);
  });
  BOOST_OUTCOME_CO_TRY(auto details, std::move(found));
  co_return json_response(200, details);
}

Task<Result<Response>> show_wrapped_key(Services& services, Meetings& meetings, Context context) {
  auto found = co_await services.in_database([&]() -> Result<crypto::Bytes> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
    BOOST_OUTCOME_TRY(check_may_read(services, context));
    BOOST_OUTCOME_TRY(check_is_kept(services, context.path[0]));
    BOOST_OUTCOME_TRY(auto approval, consent::StatementId::parse(context.path[1]));
    BOOST_OUTCOME_TRY(auto entry, services.ledger.find(approval));
    if (!entry || entry->kind != "approval" || entry->recording != context.path[0]) {
      return Error(Errc::not_found, "this recording has no such approval");
    }
    BOOST_OUTCOME_TRY(const auto recording, consent::RecordingId::parse(context.path[0]));
    BOOST_OUTCOME_TRY(const auto withdrawn, withdrawn_of(services, recording, in_effect));
    if (!withdrawn.delete_after) return Error(Errc::not_found, "there is no such recording");
    BOOST_OUTCOME_TRY(check_retention(*withdrawn.delete_after));
    if (std::ranges::count(withdrawn.approvals, approval) != 0) {
      return Error(Errc::gone, "this approval was withdrawn, its key is not given out any more");
    }
    BOOST_OUTCOME_TRY(auto wrapped, services.ledger.wrapped(approval));
    if (!wrapped)
      return Error(Errc::gone, "the key of this approval was erased, or the approval grants nothing that needs one");
    return std::move(*wrapped);
  });
  BOOST_OUTCOME_CO_TRY(auto wrapped, std::move(found));
  co_return text_response(200, "application/octet-stream", std::string(crypto::as_text(wrapped)));
}

Task<Result<Response>> show_track(Services& services, Meetings& meetings, Context context) {
  const std::string recording = context.path[0];
  const std::string name = context.path[1];
  auto allowed = co_await services.in_database([&]() -> Result<void> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
    BOOST_OUTCOME_TRY(check_may_read_track(services, context));
    BOOST_OUTCOME_TRY(auto view, readable_view(services, recording, in_effect));
    if (std::ranges::count(view.file_names, name) > 0) return boost::outcome_v2::success();
    return Error(Errc::gone, "this track file was erased, is still being written, or never was");
  });
  BOOST_OUTCOME_CO_TRY(std::move(allowed));
  auto measured = co_await on(services.executors.workers, [&] { return services.blobs.size(recording, name); });
  BOOST_OUTCOME_CO_TRY(const std::uint64_t size_bytes, std::move(measured));
  BOOST_OUTCOME_CO_TRY(const auto range, parse_range(context.request.header("range"), size_bytes));
  Response response;
  response.headers = {{"Content-Type", "application/octet-stream"}, {"Accept-Ranges", "bytes"}};
  if (range) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", "bytes " + std::to_string(range->first) + "-" +
                                                       std::to_string(range->last) + "/" + std::to_string(size_bytes));
  }
  if (size_bytes > 0) {
    response.source = blob_source(services.blobs, recording, name, range.value_or(ByteRange{0, size_bytes - 1}));
  }
  co_return response;
}

/// The track files of sealed takes that whoever asks may read: all, or a participant's own.
Task<Result<Response>> list_tracks(Services& services, Meetings& meetings, Context context) {
  auto found = co_await services.in_database([&]() -> Result<Json> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
    BOOST_OUTCOME_TRY(const auto approval, approval_of_bearer(services, context));
    if (!approval) {
      BOOST_OUTCOME_TRY(check_may_read(services, context));
    }
    BOOST_OUTCOME_TRY(auto view, readable_view(services, context.path[0], in_effect));
    Json names = Json::array();
    for (const std::string& name : view.file_names) {
      if (!approval || is_of(name, *approval)) names.push_back(name);
    }
    return Json{{"state", state_name(view.state)}, {"names", std::move(names)}};
  });
  BOOST_OUTCOME_CO_TRY(auto list, std::move(found));
  auto measured = co_await on(services.executors.workers, [&]() -> Result<Json> {
    Json tracks = Json::array();
    for (const auto& name : list["names"]) {
      auto size = services.blobs.size(context.path[0], name.get<std::string>());
      if (!size && size.error().code == storage::Errc::not_found && storage::is_tail_name(name.get<std::string>()))
        continue;  // finished: no tail
      BOOST_OUTCOME_TRY(const std::uint64_t size_bytes, std::move(size));
      tracks.push_back({{"name", name}, {"size_bytes", size_bytes}});
    }
    return tracks;
  });
  BOOST_OUTCOME_CO_TRY(auto tracks, std::move(measured));
  co_return json_response(200, {{"state", list["state"]}, {"tracks", std::move(tracks)}});
}

Task<Result<Response>> show_bundle(Services& services, Meetings& meetings, Context context) {
  const std::string recording = context.path[0];
  std::vector<std::string> names;
  auto collected = co_await services.in_database([&]() -> Result<consent::BundleContents> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
    BOOST_OUTCOME_TRY(check_may_read(services, context));
    BOOST_OUTCOME_TRY(auto view, readable_view(services, recording, in_effect));
    // Of many that are on their way only those matter that take something back.
    BOOST_OUTCOME_TRY(const auto id, consent::RecordingId::parse(recording));
    BOOST_OUTCOME_TRY(const auto withdrawn, withdrawn_of(services, id, in_effect));
    if (withdrawn.lacks_proof) {
      return Error(Errc::unavailable,
                   "a withdrawal is in effect, and the ledger does not have all of it yet; try again in a moment",
                   "proof_follows");
    }
    if (view.state == RecordingState::recording) {
      return Error(Errc::conflict, "a take is being recorded; fetch the bundle when it is sealed", "still_recording");
    }
    names = std::move(view.file_names);
    BOOST_OUTCOME_TRY(auto contents, consent::collect_bundle(services.ledger, recording, wall_time()));
    return contents;
  });
  BOOST_OUTCOME_CO_TRY(auto contents, std::move(collected));
  auto source = co_await on(services.executors.workers, [&]() -> Result<std::unique_ptr<BodySource>> {
    for (const std::string& name : names) {
      auto size = services.blobs.size(recording, name);
      if (!size && size.error().code == storage::Errc::not_found && storage::is_tail_name(name))
        continue;  // finished: no tail
      BOOST_OUTCOME_TRY(const std::uint64_t size_bytes, std::move(size));
      // A file that cannot be read is an error before the answer begins, not a download that breaks off in the middle.
      std::array<std::uint8_t, 1> first_byte{};
      BOOST_OUTCOME_TRY(services.blobs.read_at(recording, name, 0, first_byte));
      contents.tracks.push_back({name, size_bytes});
    }
    return bundle_source(services.blobs, std::move(contents));
  });
  Response response;
  BOOST_OUTCOME_CO_TRY(response.source, std::move(source));
  response.headers = {{"Content-Type", "application/x-tar"},
                      {"Content-Disposition", "attachment; filename=\"unavoce-" + recording + ".tar\""}};
  co_return response;
}

/// What an erased recording leaves: the service's word for it, and the proof that it stands in the ledger.
Task<Result<Response>> show_erasure(Services& services, Context context) {
  auto made = co_await services.in_database([&]() -> Result<Json> {
    BOOST_OUTCOME_TRY(auto recording, consent::RecordingId::parse(context.path[0]));
    BOOST_OUTCOME_TRY(const auto entries, services.ledger.entries(recording.hex()));
    if (entries.size() != 1 || entries.front().kind != "erased") {
      return Error(Errc::not_found, "no recording of this id was erased as a whole");
    }
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

/// The recording that the path names, if it is of the host who asks. Database thread.
Result<consent::RecordingId> own_recording(Services& services, const Context& context) {
  BOOST_OUTCOME_TRY(const auto owner, services.rooms.owner_of_recording(context.path[0]));
  if (!owner || *owner != context.user) return Error(Errc::not_found, "there is no such recording");
  BOOST_OUTCOME_TRY(auto recording, consent::RecordingId::parse(context.path[0]));
  return recording;
}

/// For a host who is in its meeting a recording ends before any disk is waited for.
void stop_at_once(Meetings& meetings, const Context& context) {
  const auto recording = consent::RecordingId::parse(context.path[0]);
  if (recording) meetings.stop_at_once(recording.value(), token_sha256(login_token(context.request)));
}

Task<Result<Response>> stop_recording(Services& services, Meetings& meetings, Context context) {
  auto looked = co_await services.in_database([&] { return own_recording(services, context); });
  BOOST_OUTCOME_CO_TRY(auto recording, std::move(looked));
  auto stopped = co_await meetings.stop(recording);
  BOOST_OUTCOME_CO_TRY(std::move(stopped));
  co_return empty_response(204);
}

Task<Result<Response>> erase_recording(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(services.erasures_by_user.take(context.user, std::chrono::steady_clock::now()));
  auto looked = co_await services.in_database([&] { return own_recording(services, context); });
  BOOST_OUTCOME_CO_TRY(auto recording, std::move(looked));
  auto erased = co_await meetings.erase_for_host(recording);
  BOOST_OUTCOME_CO_TRY(std::move(erased));
  services.erasures_by_user.forget(context.user);
  co_return empty_response(204);
}

}  // namespace

std::vector<Route> recording_routes(Services& services, Meetings& meetings) {
  auto route = [&services, &meetings](Method method, std::string_view pattern, Access access, auto handler) {
    return Route{
        method, pattern, access, method == Method::post ? kSmallBodyBytes : 0,
        [&services, &meetings, handler](Context context) { return handler(services, meetings, std::move(context)); }};
  };
  Route stop = route(Method::post, "/api/v1/recordings/{recording}/stop", Access::host, stop_recording);
  stop.at_once = [&meetings](const Context& context) { stop_at_once(meetings, context); };
  return {
      std::move(stop),
      route(Method::remove, "/api/v1/recordings/{recording}", Access::host, erase_recording),
      route(Method::get, "/api/v1/recordings/{recording}/keys/{approval}", Access::reader, show_wrapped_key),
      route(Method::get, "/api/v1/recordings/{recording}/tracks", Access::reader, list_tracks),
      route(Method::get, "/api/v1/recordings/{recording}/tracks/{name}", Access::reader, show_track),
      route(Method::get, "/api/v1/recordings/{recording}/bundle", Access::reader, show_bundle),
  };
}

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
