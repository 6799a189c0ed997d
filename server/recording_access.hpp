#pragma once
// Who may read what of a recording, and until when: shared by the handlers of /recordings. Every function works on the
// database thread. A stranger learns no more than that there is nothing for them.

#include <optional>
#include <string>
#include <string_view>

#include "server/router.hpp"
#include "server/services.hpp"

namespace unavoce::server {

/// The host of the recording that the path names, if the request is theirs or has a token for all of it: by whose turn
/// it is read (long_reads.hpp). Errors: unauthorised, not_found, gone.
Result<std::string> account_that_may_read(Services& services, const Context& context);

/// Whose approval the bearer's token came with, if it is one of a participant of this recording.
Result<std::optional<std::string>> approval_of_bearer(Services& services, const Context& context);

/// The name says whose a track file is: t001-<first 16 digits of the approval>-f001.webm.age
bool is_track_of(std::string_view track, std::string_view approval);

/// Besides the host the participant whose track it is; without a name, any participant. Errors as above.
Result<std::string> reader_of_tracks(Services& services, const Context& context, std::string_view name);

/// Errors: gone, from the end of the retention on.
Result<void> check_retention(consent::TimeMs delete_after);

/// Errors: gone, from the moment on at which the erasure of all of it began.
Result<void> check_is_kept(Services& services, const std::string& recording);

}  // namespace unavoce::server
