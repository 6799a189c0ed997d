#include "consent/gate.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>

namespace unavoce::consent {
namespace {

/// Begun, and nobody has said yet since when. Nothing arrives so late.
constexpr std::int64_t kJustBegun = Permit::kNotYet - 1;

}  // namespace

/// One take's permission. Everything but the atomics is fixed before the first permit is handed out.
struct Permit::Grant {
  struct Owner {
    StatementId approval;
    std::atomic<std::uint8_t> kinds{0};
  };

  Grant(RecordingId rec, std::uint32_t number, const std::vector<Granted>& roster)
      : recording(rec), take(number), owners(roster.size()) {
    auto sorted = roster;
    std::ranges::sort(sorted, {}, &Granted::approval);
    if (std::ranges::adjacent_find(sorted, {}, &Granted::approval) != sorted.end())
      throw std::invalid_argument("a take names an approval twice");
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      owners[i].approval = sorted[i].approval;
      owners[i].kinds = sorted[i].scope.bits();
    }
  }

  const Owner* find(const StatementId& approval) const noexcept {
    const auto at = std::ranges::lower_bound(owners, approval, {}, &Owner::approval);
    return at != owners.end() && at->approval == approval ? &*at : nullptr;
  }

  /// The opening instant. Whoever meets the moment between the two steps of Gate::begin says it, once for all.
  std::int64_t opened() const noexcept {
    std::int64_t at = opened_at_ns.load(std::memory_order_acquire);
    if (at != kJustBegun) return at;
    const std::int64_t now = clock();
    return opened_at_ns.compare_exchange_strong(at, now) ? now : at;
  }

  const RecordingId recording;
  const std::uint32_t take;
  MonotonicClock clock = nullptr;  // set before kJustBegun is, read after it
  mutable std::atomic<std::int64_t> opened_at_ns{kNotYet};
  std::atomic<std::int64_t> closed_at_ns{kStillOpen};
  std::vector<Owner> owners;  // sorted by approval, never resized: atomics stay where they are
};

Permit::Permit(std::shared_ptr<const Grant> grant) noexcept : grant_(std::move(grant)) {}

bool Permit::is_open() const noexcept {
  return closed_at_ns() == kStillOpen;
}

bool Permit::admits(std::int64_t first_ns, std::int64_t last_ns) const noexcept {
  return first_ns >= opened_at_ns() && first_ns <= last_ns && last_ns <= closed_at_ns();
}

bool Permit::covers(const StatementId& approval, Kind kind) const noexcept {
  const auto* owner = grant_->find(approval);
  return owner != nullptr && (owner->kinds.load(std::memory_order_acquire) & static_cast<std::uint8_t>(kind)) != 0;
}

std::int64_t Permit::opened_at_ns() const noexcept {
  return grant_->opened();
}
std::int64_t Permit::closed_at_ns() const noexcept {
  return grant_->closed_at_ns.load(std::memory_order_acquire);
}
RecordingId Permit::recording() const noexcept {
  return grant_->recording;
}
std::uint32_t Permit::take() const noexcept {
  return grant_->take;
}

Gate::~Gate() {
  if (is_open()) current_->closed_at_ns.store(Permit::kClosing);
}

Permit Gate::prepare(RecordingId recording, std::uint32_t take, const std::vector<Granted>& roster,
                     std::int64_t now_ns) {
  close(now_ns);
  current_ = std::make_shared<Permit::Grant>(recording, take, roster);
  return Permit(current_);
}

void Gate::begin(std::int64_t now_ns) noexcept {
  if (is_open() && current_->opened_at_ns == Permit::kNotYet) current_->opened_at_ns.store(now_ns);
}

void Gate::begin(MonotonicClock clock) noexcept {
  if (!is_open() || current_->opened_at_ns != Permit::kNotYet) return;
  // A clock that was read before this (sequentially consistent) exchange, by a thread that then had to wait, would give
  // an instant from which on frames were still refused. Read after it, the instant is later than the arrival of every
  // frame that found the permit not begun. And no frame is let through without the instant: whoever asks between the
  // two steps reads the clock, after this exchange and after their frame arrived, and the first reading counts.
  current_->clock = clock;
  current_->opened_at_ns.exchange(kJustBegun);
  (void)current_->opened();
}

Permit Gate::open(RecordingId recording, std::uint32_t take, const std::vector<Granted>& roster, std::int64_t now_ns) {
  Permit permit = prepare(recording, take, roster, now_ns);
  begin(now_ns);
  return permit;
}

void Gate::close(std::int64_t now_ns) noexcept {
  if (is_open()) current_->closed_at_ns.store(now_ns);
}

void Gate::close(MonotonicClock clock) noexcept {
  if (!is_open()) return;
  // The clock is read after the (sequentially consistent) store: whoever saw the permit open asked before this
  // reading, and their frame had arrived before they asked.
  current_->closed_at_ns.exchange(Permit::kClosing);
  current_->closed_at_ns.store(clock());
}

void Gate::revoke(const StatementId& approval, Scope kinds) noexcept {
  if (!current_) return;
  for (auto& owner : current_->owners)
    if (owner.approval == approval) owner.kinds.fetch_and(static_cast<std::uint8_t>(~kinds.bits()));
}

bool Gate::is_open() const noexcept {
  return current_ && current_->closed_at_ns.load(std::memory_order_acquire) == Permit::kStillOpen;
}

}  // namespace unavoce::consent
