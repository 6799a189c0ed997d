// Somebody's sound and picture on their way to a service, by WHIP: numbered frames, so large that a second of them
// fills several sealed chunks.
//
// Owner: who calls. Thread: the script's. Errors: std::runtime_error with the service's answer.
#pragma once

#include <memory>

#include "tests/recorder/publisher.hpp"
#include "tests/server/attendee.hpp"

namespace unavoce::faults {

/// Publishes at a place that an approval was answered with.
std::unique_ptr<recorder::test::Publisher> publish(const server::test::Service& service,
                                                   const server::test::Json& place);

}  // namespace unavoce::faults
