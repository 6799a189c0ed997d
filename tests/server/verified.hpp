// What `unavoce verify` says of a recording that the service under test has ended.
#pragma once

#include "recorded.hpp"
#include "tests/program.hpp"

namespace unavoce::server::test {

/// Fetches the bundle of a recording that is over and runs the real program on it.
inline testing::Outcome verified(const RunningServer& server, const Host& host, const consent::RecordingId& recording) {
  const Reply bundle = server.fetch("GET", "/api/v1/recordings/" + recording.hex() + "/bundle", host.login);
  if (bundle.status != 200) throw std::runtime_error("no bundle: " + bundle.body);
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "bundle.tar", bundle.body);
  return testing::run(std::string(UNAVOCE_PROGRAM) + " verify " + folder / "bundle.tar" + " 2>&1");
}

/// Stops a recording first, as its host does.
inline testing::Outcome stopped_and_verified(const RunningServer& server, const Host& host,
                                             const consent::RecordingId& recording) {
  const Reply stopped = server.fetch("POST", "/api/v1/recordings/" + recording.hex() + "/stop", host.login, "{}");
  if (stopped.status != 204) throw std::runtime_error("not stopped: " + stopped.body);
  return verified(server, host, recording);
}

}  // namespace unavoce::server::test
