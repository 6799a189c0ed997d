// WHIP (RFC 9725): media of one participant comes in. The address is unguessable and the token is checked besides; the
// media is dropped in RAM until the gate opens. Trickle ICE is supported, ICE restarts are not: the client ends the
// session and publishes again, which keeps the take. Other sites' pages may publish (CORS, router.cpp).

#include <chrono>

#include "server/api.hpp"
#include "server/clock.hpp"
#include "server/ice_servers.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

constexpr std::uint64_t kOfferBytes = 64 * 1024;
constexpr std::uint64_t kFragmentBytes = 16 * 1024;
constexpr std::string_view kFragmentType = "application/trickle-ice-sdpfrag";

Result<Meetings::Place> place_for(const Meetings& meetings, const Context& context) {
  auto found = meetings.find_place("/whip/" + context.path[0]);
  if (!found) return Error(Errc::not_found, "there is no such place to publish");
  const std::string_view token = context.request.bearer();
  if (token.empty()) return Error(Errc::unauthorised, "the publish token is missing");
  if (!crypto::equal_constant_time(token_sha256(token), found->place->token.sha256)) {
    return Error(Errc::forbidden, "this is not the token of this place", "wrong_token");
  }
  return std::move(*found);
}

Result<recorder::PublishKind> kind_of(const Request& request) {
  const std::string kind = request.query_value("kind").value_or("camera");
  if (kind == "camera") return recorder::PublishKind::camera;
  if (kind == "screen") return recorder::PublishKind::screen;
  return Error(Errc::malformed, "what is published is ?kind=camera (the default) or ?kind=screen");
}

/// The entity tag of a session. It names the ICE session, of which there is only one.
std::string tag_of(const std::string& resource) {
  return "\"" + resource.substr(0, 16) + "\"";
}

/// RFC 9725 section 4.6.
void add_ice_servers(Response& response, const std::vector<IceServer>& servers) {
  for (const IceServer& server : servers) response.with("Link", link_value(server));
}

Task<Result<Response>> publish(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto found, place_for(meetings, context));
  if (!context.request.is_of_type("application/sdp")) {
    co_return Error(Errc::media_type, "an offer is application/sdp");
  }
  BOOST_OUTCOME_CO_TRY(const auto kind, kind_of(context.request));
  const consent::Scope allowed = found.place->allowed;
  const consent::Scope wanted = kind == recorder::PublishKind::screen
                                    ? consent::Scope{consent::Kind::screen}
                                    : consent::Scope{consent::Kind::audio, consent::Kind::video};
  if (allowed.common(wanted).empty()) {
    co_return Error(Errc::forbidden, "the approval does not cover this kind of media", "not_approved");
  }
  // By person: a new approval gives a new place, but no more of these. Beside it the recorder answers two at once.
  if (!services.offers_by_participant.take(found.owner.hex(), std::chrono::steady_clock::now())) {
    co_return Error(Errc::rate_limited, "too many offers of one person; wait half a minute, then publish again",
                    "too_many_offers");
  }
  using Answer = recorder::Result<recorder::Answer>;
  auto answered = co_await answer_of<Answer>(services.executors.control, [&](auto done) {
    services.recorder.publish(found.owner.hex(), kind, allowed, std::move(context.request.body), std::move(done));
  });
  // Told to the client like any other wait; but only the operator can widen the range.
  if (!answered && answered.error().code == recorder::Errc::no_port) services.log.error(answered.error().text);
  BOOST_OUTCOME_CO_TRY(auto answer, std::move(answered));
  const auto still = meetings.find_place("/whip/" + context.path[0]);
  if (!still) {  // withdrawn, or left, while we were answering
    services.recorder.unpublish(answer.resource);
    co_return Error(Errc::not_found, "there is no such place to publish any more");
  }
  const auto forgotten = still->place->remember(answer.resource, kind);
  if (forgotten) services.recorder.unpublish(*forgotten);
  Response response = text_response(201, "application/sdp", std::move(answer.sdp))
                          .with("Location", "/whip/" + context.path[0] + "/" + answer.resource)
                          .with("ETag", tag_of(answer.resource))
                          .with("Accept-Patch", std::string(kFragmentType));
  add_ice_servers(response, all_ice_servers(services.config, wall_time()));
  co_return response;
}

/// Candidates that come after the offer (RFC 9725 section 4.3).
Task<Result<Response>> trickle(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto found, place_for(meetings, context));
  const std::string resource = context.path[1];
  if (!found.place->has(resource)) {
    co_return Error(Errc::not_found, "there is no such session");
  }
  if (!context.request.is_of_type(kFragmentType)) {
    co_return Error(Errc::media_type, "candidates are " + std::string(kFragmentType));
  }
  const std::string_view if_match = context.request.header("if-match");
  if (if_match.empty()) {
    co_return Error(Errc::precondition_required, "send the ETag of the answer as If-Match");
  }
  if (!entity_tag_matches(if_match, tag_of(resource))) {
    co_return Error(Errc::precondition_failed, "this is not the ETag of the session");
  }
  using Taken = recorder::Result<void>;
  auto taken = co_await answer_of<Taken>(services.executors.control, [&](auto done) {
    services.recorder.trickle(resource, std::move(context.request.body), std::move(done));
  });
  BOOST_OUTCOME_CO_TRY(std::move(taken));
  co_return empty_response(204);
}

Task<Result<Response>> unpublish(Meetings& meetings, Context context) {
  // Whose place was taken away meanwhile (left, withdrew, recording over) finds their wish fulfilled.
  if (meetings.was_place("/whip/" + context.path[0], token_sha256(context.request.bearer())))
    co_return empty_response(200);
  BOOST_OUTCOME_CO_TRY(auto found, place_for(meetings, context));
  if (!found.meeting->end_publishing(found.owner, context.path[1])) {
    co_return Error(Errc::not_found, "there is no such session");
  }
  co_return empty_response(200);
}

/// The same for every address: it tells nobody which ones exist.
Response options_of(std::string allow) {
  return empty_response(200)
      .with("Allow", allow)
      .with("Access-Control-Allow-Methods", allow)
      .with("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
      .with("Access-Control-Max-Age", "86400");
}

/// For clients that ask first: browsers (CORS), and those that must know the STUN and TURN servers before they offer.
/// TURN is for those who may publish here.
Task<Result<Response>> options_of_place(const Services& services, const Meetings& meetings, Context context) {
  Response response = options_of("POST, OPTIONS").with("Accept-Post", "application/sdp");
  const bool preflight = !context.request.header("access-control-request-method").empty();
  const bool may_publish = place_for(meetings, context).has_value();
  if (!preflight && may_publish) add_ice_servers(response, all_ice_servers(services.config, wall_time()));
  if (!preflight && !may_publish) add_ice_servers(response, public_ice_servers(services.config));
  co_return response;
}

Task<Result<Response>> options_of_session(Context) {
  co_return options_of("PATCH, DELETE, OPTIONS").with("Accept-Patch", std::string(kFragmentType));
}

}  // namespace

std::vector<Route> whip_routes(Services& services, Meetings& meetings) {
  return {
      {Method::post, "/whip/{place}", Access::anyone, kOfferBytes,
       [&services, &meetings](Context context) { return publish(services, meetings, std::move(context)); }},
      {Method::options, "/whip/{place}", Access::anyone, 0,
       [&services, &meetings](Context context) { return options_of_place(services, meetings, std::move(context)); }},
      {Method::patch, "/whip/{place}/{resource}", Access::anyone, kFragmentBytes,
       [&services, &meetings](Context context) { return trickle(services, meetings, std::move(context)); }},
      {Method::remove, "/whip/{place}/{resource}", Access::anyone, 0,
       [&meetings](Context context) { return unpublish(meetings, std::move(context)); }},
      {Method::options, "/whip/{place}/{resource}", Access::anyone, 0, options_of_session},
  };
}

}  // namespace unavoce::server
