// The one address of a witness over HTTP: POST /add-checkpoint (c2sp.org/tlog-witness), on one thread.
//
// Owner: the caller of serve(), which runs until SIGINT or SIGTERM. Thread: main. Errors: io, usage.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/error.hpp"
#include "consent/witness.hpp"

namespace unavoce::cli {

struct Listen {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8090;  ///< 0: any free one
};

/// Answers until a signal ends it. `ready` is told the port once connections are taken.
Result<void> serve_witness(consent::Witness& witness, const Listen& listen,
                           const std::function<void(std::uint16_t)>& ready);

}  // namespace unavoce::cli
