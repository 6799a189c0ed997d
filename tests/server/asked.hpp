// Meetings in which a host has asked to record and nobody has answered yet: what most tests of answers begin with.
// For those in which everybody has approved: recorded.hpp.
//
// Owner: the test; must stay where it is, as its people refer to its host. Thread: the test's. Errors: exceptions.
#pragma once

#include <functional>

#include "attendee.hpp"

namespace unavoce::server::test {

/// Anna, who is the host, and Ben, who is a participant, in one meeting.
struct Gathered {
  explicit Gathered(const Service& server)
      : host(server), anna(host, Attendee::As::host), ben(host, Attendee::As::participant) {}
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;

  /// The one that Anna asked for last.
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee ben;
};

/// Anna has asked to record, and both of them know.
struct AskedOfTwo : Gathered {
  explicit AskedOfTwo(const Service& server, consent::Scope scope = {consent::Kind::audio, consent::Kind::video},
                      const std::function<void(consent::Request&)>& change = {})
      : Gathered(server) {
    anna.ask(scope, change);
    ben.wait_for_request();
  }
};

/// Carl was there, too, when Anna asked, and all three of them know.
struct AskedOfThree : Gathered {
  explicit AskedOfThree(const Service& server) : Gathered(server), carl(host, Attendee::As::participant) {
    anna.ask();
    ben.wait_for_request();
    carl.wait_for_request();
  }

  Attendee carl;
};

}  // namespace unavoce::server::test
