// WHIP (RFC 9725): media of one participant comes in. The address is unguessable and the token is checked besides; the
// media is dropped in RAM until the gate opens.

#include "server/api.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

constexpr std::uint64_t kOfferBytes = 64 * 1024;

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

Task<Result<Response>> publish(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto found, place_for(meetings, context));
  const std::string_view type = context.request.header("content-type");
  if (type.substr(0, type.find(';')) != "application/sdp") {
    co_return Error(Errc::media_type, "an offer is application/sdp");
  }
  const bool screen = context.request.query_value("kind") == "screen";
  const auto kind = screen ? recorder::PublishKind::screen : recorder::PublishKind::camera;
  const consent::Scope allowed = found.place->allowed;
  const consent::Scope wanted =
      screen ? consent::Scope{consent::Kind::screen} : consent::Scope{consent::Kind::audio, consent::Kind::video};
  if (allowed.common(wanted).empty()) {
    co_return Error(Errc::forbidden, "the approval does not cover this kind of media", "not_approved");
  }
  using Answer = recorder::Result<recorder::Answer>;
  auto answered = co_await answer_of<Answer>(services.executors.control, [&](auto done) {
    services.recorder.publish(found.owner.hex(), kind, allowed, std::move(context.request.body), std::move(done));
  });
  BOOST_OUTCOME_CO_TRY(auto answer, std::move(answered));
  const auto still = meetings.find_place("/whip/" + context.path[0]);
  if (!still) {  // withdrawn, or left, while we were answering
    services.recorder.unpublish(answer.resource);
    co_return Error(Errc::not_found, "there is no such place to publish any more");
  }
  still->place->resources.push_back(answer.resource);
  co_return text_response(201, "application/sdp", std::move(answer.sdp))
      .with("Location", "/whip/" + context.path[0] + "/" + answer.resource)
      .with("ETag", "\"" + answer.resource.substr(0, 16) + "\"");
}

Task<Result<Response>> unpublish(Services& services, Meetings& meetings, Context context) {
  // Whose place was taken away meanwhile (left, withdrew, recording over) finds their wish fulfilled.
  if (meetings.was_place("/whip/" + context.path[0], token_sha256(context.request.bearer())))
    co_return empty_response(200);
  BOOST_OUTCOME_CO_TRY(auto found, place_for(meetings, context));
  if (std::erase(found.place->resources, context.path[1]) == 0) {
    co_return Error(Errc::not_found, "there is no such session");
  }
  services.recorder.unpublish(context.path[1]);
  co_return empty_response(200);
}

/// For clients that ask first (RFC 9725 section 4.2); pages of other sites get no permission.
Task<Result<Response>> options(Context) {
  co_return empty_response(204).with("Accept-Post", "application/sdp").with("Allow", "POST, OPTIONS");
}

}  // namespace

std::vector<Route> whip_routes(Services& services, Meetings& meetings) {
  return {
      {Method::post, "/whip/{place}", Access::anyone, kOfferBytes,
       [&services, &meetings](Context context) { return publish(services, meetings, std::move(context)); }},
      {Method::options, "/whip/{place}", Access::anyone, 0, options},
      {Method::remove, "/whip/{place}/{resource}", Access::anyone, 0,
       [&services, &meetings](Context context) { return unpublish(services, meetings, std::move(context)); }},
  };
}

}  // namespace unavoce::server
