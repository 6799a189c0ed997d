#include "server/recording_access.hpp"

#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "server/clock.hpp"

namespace unavoce::server {

Result<std::string> account_that_may_read(Services& services, const Context& context) {
  BOOST_OUTCOME_TRY(auto recording, consent::RecordingId::parse(context.path[0]));
  BOOST_OUTCOME_TRY(auto owner, services.rooms.owner_of_recording(recording.hex()));
  if (owner && !context.user.empty() && *owner == context.user) return std::move(*owner);
  if (const auto token = context.request.bearer(); !token.empty()) {
    BOOST_OUTCOME_TRY(auto grant, services.rooms.grant(crypto::sha256(crypto::as_bytes(token)), wall_time()));
    if (owner && grant && grant->recording == recording.hex() && !grant->approval) return std::move(*owner);
    // Its tokens went with it; that it is gone, everybody may know who has its id (`…/erasure`).
    BOOST_OUTCOME_TRY(const bool erased, services.ledger.was_erased(recording.hex()));
    if (!grant && erased) return Error(Errc::gone, "this recording was erased as a whole");
  }
  if (context.user.empty())
    return Error(Errc::unauthorised, "log in as the host of this recording, or send a token for it");
  return Error(Errc::not_found, "there is no such recording");
}

Result<std::optional<std::string>> approval_of_bearer(Services& services, const Context& context) {
  const auto token = context.request.bearer();
  if (token.empty()) return std::optional<std::string>();
  BOOST_OUTCOME_TRY(auto grant, services.rooms.grant(token_sha256(token), wall_time()));
  return grant && grant->recording == context.path[0] ? grant->approval : std::nullopt;
}

bool is_track_of(std::string_view track, std::string_view approval) {
  const auto take_end = track.find('-');
  return take_end != std::string_view::npos &&
         track.substr(take_end + 1).starts_with(std::string(approval.substr(0, 16)) + "-");
}

Result<std::string> reader_of_tracks(Services& services, const Context& context, std::string_view name) {
  BOOST_OUTCOME_TRY(auto approval, approval_of_bearer(services, context));
  if (approval && (name.empty() || is_track_of(name, *approval))) return std::move(*approval);
  return account_that_may_read(services, context);
}

Result<void> check_retention(consent::TimeMs delete_after) {
  if (delete_after > wall_time()) return boost::outcome_v2::success();
  return Error(Errc::gone, "the retention of this recording is over; it is being erased");
}

Result<void> check_is_kept(Services& services, const std::string& recording) {
  BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(recording));
  if (!erasure) return boost::outcome_v2::success();
  return Error(Errc::gone, "this recording is being erased as a whole; GET its /erasure says when that is done");
}

}  // namespace unavoce::server
