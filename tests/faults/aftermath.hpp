// What is left when a scripted meeting is over, held to what its people know: the bundle verifies and opens, every
// frame in it was sent while the gate was open, nothing lies on the disk in the clear, and the log names the file that
// failed.
//
// Owner: the script. Thread: the script's. Errors: as sentences, for the script's complaints.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consent/openable.hpp"
#include "faulty_service.hpp"
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

/// Whether an error or a warning in the log, or what the program said when it did not start, names one of the files (of
/// a database: the database) that the disk refused. Of a trouble that lasts any of them will do: which of two tracks,
/// say, is told first is nobody's to choose.
bool is_named_in(const std::string& log, const std::string& start_errors,
                 const std::set<std::filesystem::path>& refused);

}  // namespace unavoce::faults
