// What is left when a scripted meeting is over, held to what its people know: the bundle verifies and opens, every
// frame in it was sent while the gate was open, nothing lies on the disk in the clear, and the log names the file that
// failed.
//
// Owner: the script. Thread: the script's. Errors: as sentences, for the script's complaints.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "consent/openable.hpp"
#include "faulty_service.hpp"
#include "scripted_meeting.hpp"
#include "tests/recorder/numbered_source.hpp"
#include "tests/server/attendee.hpp"

namespace unavoce::faults {

/// What people know of the recording.
struct Known {
  const server::test::Host& host;
  const std::vector<std::pair<consent::StatementId, crypto::Identity>>& approvals;
  consent::StatementId withdrawn;
  const std::vector<recorder::test::SentFrame>& sent;  ///< Anna's media
  std::vector<GateLine> gate;
};

/// What is wrong with a bundle that was fetched.
std::vector<std::string> wrong_in_bundle(const std::filesystem::path& path, const Known& known);

/// Files that hold media in the clear.
std::vector<std::string> media_in_the_clear(const std::filesystem::path& folder);

/// Whether a line for the operator (not of the debug level) names the file of this fault, or, if everything fails from
/// then on, says what to look into.
bool is_named_in(const std::string& log, const Fault& fault);

}  // namespace unavoce::faults
