#include "chronicle.hpp"

#include "recorder/monotonic.hpp"

namespace unavoce::crash {

void Chronicle::gate_is_closed() {
  gate_is_closed_since(recorder::monotonic_ns());
}

void Chronicle::gate_is_closed_since(std::int64_t at_ns) {
  if (closed_since_ns_ == 0) closed_since_ns_ = at_ns;
}

void Chronicle::gate_may_open() {
  if (closed_since_ns_ != 0) closed.push_back({closed_since_ns_, recorder::monotonic_ns()});
  closed_since_ns_ = 0;
}

void Chronicle::windows_end(std::int64_t at_ns) {
  for (Answer& answer : answers) {
    for (Window& window : answer.windows) {
      if (window.to_ns == 0) window.to_ns = at_ns;
    }
  }
}

}  // namespace unavoce::crash
