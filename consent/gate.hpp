// Gate: the switch that turns a decision of the rules into a permit, and takes it back at once.
// One gate per session, owned by the control thread, which alone calls it; the permits it gives out are read anywhere.
// Starts closed. Closing is noexcept, does not wait, and reaches every copy of the permit with one atomic store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "consent/permit.hpp"

namespace unavoce::consent {

/// What one person of the take's roster allows to be recorded of them.
struct Granted {
  StatementId approval;
  Scope scope;
  bool operator==(const Granted&) const = default;
};

/// Reads CLOCK_MONOTONIC in nanoseconds; passed in, because consent/ reads no clock.
using MonotonicClock = std::int64_t (*)() noexcept;

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();  ///< closes; what is still queued under the permit is not written any more

  /// A permit for a take that admits nothing before `begin`: so that the recorder can be ready for the first frame. An
  /// earlier permit that is still open is closed first, at this instant. Throws std::invalid_argument if an approval is
  /// named twice (the rules never do that).
  Permit prepare(RecordingId recording, std::uint32_t take, const std::vector<Granted>& roster, std::int64_t now_ns);

  /// The opening: what arrives from this instant on is admitted. Nothing if the permit was closed meanwhile.
  void begin(std::int64_t now_ns) noexcept;

  /// The same, and complete: the clock is read after the permit has begun, by this thread or by that of a frame which
  /// is faster, so that no frame was refused that had arrived at opened_at_ns() or later. The server uses this one.
  void begin(MonotonicClock clock) noexcept;

  /// Both at once.
  Permit open(RecordingId recording, std::uint32_t take, const std::vector<Granted>& roster, std::int64_t now_ns);

  /// Closes the current permit, if any, at the given instant. Closing twice keeps the first instant.
  void close(std::int64_t now_ns) noexcept;

  /// The same, and strict: reads the clock after the permit has closed, so that no frame which was let through can
  /// have arrived later than closed_at_ns(). The server uses this one.
  void close(MonotonicClock clock) noexcept;

  /// Takes kinds back from one approval of the running take, at once and for good; the others are not affected.
  void revoke(const StatementId& approval, Scope kinds) noexcept;

  bool is_open() const noexcept;

 private:
  std::shared_ptr<Permit::Grant> current_;
};

}  // namespace unavoce::consent
