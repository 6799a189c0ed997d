// A recording of Anna's and Ben's that has ended, on the disk of a service that has stopped; what an erasure begins
// with. Made once, and copied for each play.
//
// Owner: whoever asks for it. Thread: that one's while it is made, then any. Errors: std::runtime_error.
#pragma once

#include <filesystem>
#include <string>

#include "consent/statements.hpp"
#include "tests/server/attendee.hpp"
#include "tests/server/running_server.hpp"

namespace unavoce::faults {

struct EndedRecording {
  /// To be kept for so long from now on.
  explicit EndedRecording(consent::SpanMs kept);

  server::test::TemporaryFolder folder;
  const std::filesystem::path data = folder.path() / "ended";
  server::test::Headers login;  ///< the host's, still good
  consent::RecordingId recording;
  consent::StatementId annas_approval, bens_approval;
  std::string bens_withdrawal;  ///< of everything; not sent yet
  const consent::TimeMs until;  ///< the end of its retention
};

}  // namespace unavoce::faults
