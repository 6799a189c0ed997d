// Permit: what the recorder needs to hold before it may write anybody's media. Only a Gate makes one.
// A cheap copyable handle; every copy looks at the same take. Any thread may ask, no call blocks, allocates or fails.
// A permit starts open (and admits something from the opening instant on), closes once, and never opens again; the next
// take gets another permit. How to be strict on the frame path (docs/STATE_MACHINE.md): ask `admits` and `covers` where
// a frame arrives, and again where it leaves the queue to be written. Instants are CLOCK_MONOTONIC nanoseconds.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "consent/ids.hpp"
#include "consent/scope.hpp"

namespace unavoce::consent {

class Gate;

/// The right to record one take of one recording.
class Permit {
 public:
  // Copies only: a moved-from permit would be a null one, a third state besides open and closed.
  Permit(const Permit&) = default;
  Permit& operator=(const Permit&) = default;
  ~Permit() = default;

  /// One atomic load. False from the instant at which the gate closed, for ever.
  bool is_open() const noexcept;

  /// May a frame be written whose first packet arrived at first_ns and its last at last_ns? One atomic load each of
  /// opening and closing; in the very moment of the opening also a look at the clock, which then decides the instant.
  /// Yes if the first lies at or after the opening and the last at or before the closing, so that frames that arrived
  /// in time may still be drained after the gate closed, and nothing from before the opening slips in.
  bool admits(std::int64_t first_ns, std::int64_t last_ns) const noexcept;

  /// Did the owner of this approval grant this kind, and not take it back since? Independent of open or closed.
  /// An approval that is not in the take is covered for nothing.
  bool covers(const StatementId& approval, Kind kind) const noexcept;

  /// The opening instant; kNotYet before.
  std::int64_t opened_at_ns() const noexcept;
  /// The closing instant; kStillOpen while open; kClosing for the moment between closing and knowing the instant.
  std::int64_t closed_at_ns() const noexcept;

  RecordingId recording() const noexcept;
  std::uint32_t take() const noexcept;

  static constexpr std::int64_t kStillOpen = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kNotYet = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kClosing = std::numeric_limits<std::int64_t>::min();

 private:
  friend class Gate;
  struct Grant;  // shared by all copies and the gate; defined in gate.cpp, so that nobody else can make one
  explicit Permit(std::shared_ptr<const Grant> grant) noexcept;

  std::shared_ptr<const Grant> grant_;
};

}  // namespace unavoce::consent
