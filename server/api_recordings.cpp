// /recordings/{recording}: keys, track files and bundles, for the host of the room, the holder of a token for one
// recording, or a participant; its end, and erasing it. Everything here is sealed; nothing here can open it.

#include <algorithm>
#include <array>

#include "consent/bundle.hpp"
#include "server/api.hpp"
#include "server/body_sources.hpp"
#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"
#include "server/recording_access.hpp"
#include "server/recording_view.hpp"

namespace unavoce::server {
namespace {

/// Withdrawals that the ledger may not have yet: they are on their way, or the disk refuses to write and goes on giving
/// what it has.
using InEffect = std::vector<consent::Signed<consent::Withdrawal>>;

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

Task<Result<Response>> show_wrapped_key(Services& services, Meetings& meetings, Context context) {
  auto looked = co_await services.in_database([&] { return account_that_may_read(services, context); });
  BOOST_OUTCOME_CO_TRY(const auto reader, std::move(looked));
  auto found = co_await services.long_reads.in_turn(reader, [&]() -> Result<crypto::Bytes> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
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
  auto looked = co_await services.in_database([&] { return reader_of_tracks(services, context, name); });
  BOOST_OUTCOME_CO_TRY(const auto reader, std::move(looked));
  auto allowed = co_await services.long_reads.in_turn(reader, [&]() -> Result<void> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
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
  auto looked = co_await services.in_database([&] { return reader_of_tracks(services, context, {}); });
  BOOST_OUTCOME_CO_TRY(const auto reader, std::move(looked));
  auto found = co_await services.long_reads.in_turn(reader, [&]() -> Result<Json> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
    BOOST_OUTCOME_TRY(const auto approval, approval_of_bearer(services, context));
    if (!approval) {  // or not any more
      BOOST_OUTCOME_TRY(account_that_may_read(services, context));
    }
    BOOST_OUTCOME_TRY(auto view, readable_view(services, context.path[0], in_effect));
    Json names = Json::array();
    for (const std::string& name : view.file_names) {
      if (!approval || is_track_of(name, *approval)) names.push_back(name);
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
  auto looked = co_await services.in_database([&] { return account_that_may_read(services, context); });
  BOOST_OUTCOME_CO_TRY(const auto reader, std::move(looked));
  BOOST_OUTCOME_CO_TRY(auto held, services.long_reads.hold_bundle(reader));
  auto collected = co_await services.long_reads.in_turn(reader, [&]() -> Result<consent::BundleContents> {
    const InEffect in_effect = meetings.withdrawals_in_effect(context.path[0]);
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
    // Before any of it is read.
    BOOST_OUTCOME_TRY(const auto statements_bytes, services.ledger.size_bytes(recording));
    BOOST_OUTCOME_TRY(const auto room_bytes, services.ledger.size_bytes(view.json.at("room").get<std::string>()));
    BOOST_OUTCOME_TRY(held.grow_to(statements_bytes + room_bytes));
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
    return bundle_source(services.blobs, std::move(contents), std::move(held));
  });
  Response response;
  BOOST_OUTCOME_CO_TRY(response.source, std::move(source));
  response.headers = {{"Content-Type", "application/x-tar"},
                      {"Content-Disposition", "attachment; filename=\"unavoce-" + recording + ".tar\""}};
  co_return response;
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

}  // namespace unavoce::server
