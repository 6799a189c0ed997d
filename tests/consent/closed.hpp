// What every test of the rules asks after a step that must have closed the gate.
#pragma once

#include <catch2/catch.hpp>

#include "session.hpp"

namespace unavoce::consent::test {

/// The last step closed the gate first of all, and ended the running take for this reason.
inline void check_closed(const Session& session, EndReason reason) {
  CHECK_FALSE(session.open());
  REQUIRE_FALSE(session.effects.empty());
  const auto* close = std::get_if<CloseGate>(&session.effects.front());
  REQUIRE(close);
  CHECK(close->reason == reason);
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->reason == reason);
}

}  // namespace unavoce::consent::test
