#pragma once
// What docs/API.md says of a recording, read from its ledger entries alone: the list in the host's page and the command
// line see nothing that the evidence does not say. Pure but for the ledger it reads: database thread. Brings
// nlohmann/json; private to the .cpp files of the API.

#include <string>
#include <string_view>
#include <vector>

#include "consent/ledger.hpp"
#include "server/json_input.hpp"

namespace unavoce::server {

/// `waiting`: requested, nothing recorded yet. `recording`: a take is not sealed yet. `paused`: takes are sealed, the
/// recording may go on. `sealed`: finished. `interrupted`: finished, and at least one take ended with the process
/// instead of a seal of its own. `erasing`: its erasure as a whole has begun, or is due; said in the list only, since
/// nothing else is given out any more.
enum class RecordingState { waiting, recording, paused, sealed, interrupted, erasing };

std::string_view state_name(RecordingState state) noexcept;
struct RecordingView {
  RecordingState state = RecordingState::waiting;
  consent::TimeMs delete_after{};       ///< the end of its retention
  Json json;                            ///< the object of GET /recordings
  std::vector<std::string> file_names;  ///< track files (and tails) of sealed takes that were not erased
  std::size_t statements = 0;           ///< how many of them had to be read
};

/// Reads no more statements than it needs: those of people are none of them but the request. Errors: not_found (no such
/// recording), or what the ledger says.
Result<RecordingView> view_recording(consent::Ledger& ledger, std::string_view recording);

}  // namespace unavoce::server
