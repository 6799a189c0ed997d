// What the ledger tells of one recording, read through the API, as a host's page would.
// Plain value. Thread: the test's. Errors: std::runtime_error.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "consent/statements.hpp"
#include "tests/server/attendee.hpp"

namespace unavoce::crash {

struct Story {
  std::set<consent::StatementId> statements;
  std::vector<std::uint32_t> takes;
  std::vector<consent::Seal> seals;                   ///< of takes, in their order
  std::map<std::string, consent::SealedTrack> files;  ///< sealed, by name; main files and tails
  std::set<std::string> erased;
  bool is_finished = false;
  bool was_interrupted = false;
  std::size_t entries = 0;
  std::string state;  ///< in the list of recordings

  bool has_kept(const std::string& name) const;
};

Story read_story(const server::test::Host& host, const consent::RecordingId& recording);

/// What the list of recordings should say.
std::string expected_state(const Story& story);

}  // namespace unavoce::crash
