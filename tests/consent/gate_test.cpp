// Gate and permit: only the gate makes permits; closing is at once and for ever.
#include "consent/gate.hpp"

#include <time.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <type_traits>
#include <utility>

#include "people.hpp"

using namespace unavoce::consent;
using unavoce::consent::test::id_of_number;

namespace {

const auto kRecording = id_of_number<RecordingId>(1);
const auto kAda = id_of_number<StatementId>(10);
const auto kBen = id_of_number<StatementId>(20);
const std::vector<Granted> kRoster{{kBen, {Kind::audio, Kind::video}}, {kAda, {Kind::audio}}};

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// The clock of a gate whose thread, having read it, has to wait while a frame arrives and is asked about.
struct SlowThread {
  static std::int64_t clock() noexcept {
    const std::int64_t read = ++now;
    if (permit == nullptr || std::exchange(waited, true)) return read;
    arrived = ++now;
    was_admitted = permit->admits(arrived, arrived);
    was_admitted_from_before = permit->admits(read - 50, arrived);
    return read;
  }

  static inline const Permit* permit = nullptr;
  static inline std::int64_t now = 200;
  static inline std::int64_t arrived = 0;
  static inline bool waited = false;
  static inline bool was_admitted = false;
  static inline bool was_admitted_from_before = false;
};

struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};

}  // namespace

static_assert(!std::is_default_constructible_v<Permit>, "a permit comes from a gate");
static_assert(!std::is_constructible_v<Permit, RecordingId, std::uint32_t>);
static_assert(!std::is_constructible_v<Permit, std::shared_ptr<void>>);
static_assert(!std::is_constructible_v<Permit, std::nullptr_t>);
static_assert(!std::is_constructible_v<Permit, Anything, Anything>);
static_assert(!std::is_aggregate_v<Permit>);
static_assert(std::is_copy_constructible_v<Permit> && std::is_copy_assignable_v<Permit>);
static_assert(!std::is_copy_constructible_v<Gate> && !std::is_move_constructible_v<Gate>);
static_assert(noexcept(std::declval<Gate&>().close(std::int64_t{})));
static_assert(noexcept(std::declval<const Permit&>().is_open()));

TEST_CASE("a gate starts closed and opens with a permit of one take", "[gate]") {
  Gate gate;
  CHECK_FALSE(gate.is_open());
  const auto permit = gate.open(kRecording, 3, kRoster, 100);
  CHECK(gate.is_open());
  CHECK(permit.is_open());
  CHECK(permit.recording() == kRecording);
  CHECK(permit.take() == 3);
  CHECK(permit.opened_at_ns() == 100);
  CHECK(permit.closed_at_ns() == Permit::kStillOpen);
}

TEST_CASE("closing reaches every copy, and keeps the first instant", "[gate]") {
  Gate gate;
  const auto permit = gate.open(kRecording, 1, kRoster, 100);
  const auto copy = permit;
  gate.close(200);
  gate.close(300);
  CHECK_FALSE(permit.is_open());
  CHECK_FALSE(copy.is_open());
  CHECK(copy.closed_at_ns() == 200);
}

TEST_CASE("a prepared permit admits nothing before its gate begins, and nothing from before that") {
  Gate gate;
  const auto permit = gate.prepare(kRecording, 1, kRoster, 100);
  CHECK(gate.is_open());
  CHECK(permit.opened_at_ns() == Permit::kNotYet);
  CHECK_FALSE(permit.admits(150, 160));
  gate.begin(200);
  gate.begin(300);
  CHECK(permit.opened_at_ns() == 200);
  CHECK_FALSE(permit.admits(150, 250));
  CHECK(permit.admits(200, 250));
}

TEST_CASE(
    "a gate whose thread is held up while it begins refuses no frame from its opening instant on, and admits none "
    "from before",
    "[gate]") {
  Gate gate;
  const auto permit = gate.prepare(kRecording, 1, kRoster, 100);
  SlowThread::permit = &permit;
  gate.begin(&SlowThread::clock);
  SlowThread::permit = nullptr;
  REQUIRE(SlowThread::waited);
  CHECK(SlowThread::was_admitted == (SlowThread::arrived >= permit.opened_at_ns()));
  CHECK_FALSE(SlowThread::was_admitted_from_before);
  CHECK(permit.opened_at_ns() > 200);
  CHECK(permit.opened_at_ns() <= SlowThread::now);
  CHECK(permit.admits(SlowThread::now, SlowThread::now));
  const auto opened = permit.opened_at_ns();
  gate.begin(&SlowThread::clock);
  CHECK(permit.opened_at_ns() == opened);
}

TEST_CASE("every frame that any thread saw arrive from the opening instant on is admitted, and none before", "[gate]") {
  struct Seen {
    std::int64_t last_refused = 0;
    std::int64_t first_admitted = 0;
  };
  for (int round = 0; round < 50; ++round) {
    Gate gate;
    const auto permit = gate.prepare(kRecording, 1, kRoster, monotonic_ns());
    std::atomic<int> started{0};
    std::vector<Seen> seen(3);
    std::vector<std::thread> readers;
    for (auto& mine : seen)
      readers.emplace_back([&mine, &started, permit] {
        ++started;
        while (mine.first_admitted == 0) {
          const auto arrived = monotonic_ns();
          (permit.admits(arrived, arrived) ? mine.first_admitted : mine.last_refused) = arrived;
        }
      });
    while (started < 3) std::this_thread::yield();
    gate.begin(&monotonic_ns);
    for (auto& reader : readers) reader.join();
    for (const auto& [last_refused, first_admitted] : seen) {
      CHECK(last_refused < permit.opened_at_ns());
      CHECK(first_admitted >= permit.opened_at_ns());
    }
  }
}

TEST_CASE("a permit that was closed before its gate began admits nothing for ever") {
  Gate gate;
  const auto permit = gate.prepare(kRecording, 1, kRoster, 100);
  gate.close(150);
  gate.begin(200);
  CHECK_FALSE(permit.is_open());
  CHECK_FALSE(permit.admits(100, 120));
  CHECK_FALSE(permit.admits(200, 210));
}

TEST_CASE("a permit never opens again; the next take has its own", "[gate]") {
  Gate gate;
  const auto first = gate.open(kRecording, 1, kRoster, 100);
  gate.close(200);
  const auto second = gate.open(kRecording, 2, kRoster, 300);
  CHECK_FALSE(first.is_open());
  CHECK(second.is_open());
  gate.close(400);
  CHECK(first.closed_at_ns() == 200);
  CHECK(second.closed_at_ns() == 400);
}

TEST_CASE("opening over an open permit closes that one first", "[gate]") {
  Gate gate;
  const auto first = gate.open(kRecording, 1, kRoster, 100);
  const auto second = gate.open(kRecording, 2, kRoster, 300);
  CHECK_FALSE(first.is_open());
  CHECK(first.closed_at_ns() == 300);
  CHECK(second.is_open());
}

TEST_CASE("closing one gate leaves another one's permits open", "[gate]") {
  Gate one;
  Gate other;
  const auto kept = other.open(kRecording, 1, kRoster, 100);
  const auto closed = one.open(kRecording, 1, kRoster, 100);
  one.close(200);
  CHECK(kept.is_open());
}

TEST_CASE("a gate that goes away closes", "[gate]") {
  auto gate = std::make_unique<Gate>();
  const auto permit = gate->open(kRecording, 1, kRoster, 100);
  gate.reset();
  CHECK_FALSE(permit.is_open());
  CHECK_FALSE(permit.admits(100, 100));
}

TEST_CASE("a frame is admitted from the opening to the closing instant, both strictly", "[gate]") {
  Gate gate;
  const auto permit = gate.open(kRecording, 1, kRoster, 100);
  CHECK_FALSE(permit.admits(99, 150));
  CHECK(permit.admits(100, 100));
  CHECK(permit.admits(100, 1'000'000));
  CHECK_FALSE(permit.admits(150, 140));
  gate.close(200);
  CHECK(permit.admits(150, 200));
  CHECK_FALSE(permit.admits(150, 201));
}

TEST_CASE("each track is covered by what its owner granted, and by nothing else", "[gate]") {
  Gate gate;
  const auto permit = gate.open(kRecording, 1, kRoster, 100);
  CHECK(permit.covers(kAda, Kind::audio));
  CHECK_FALSE(permit.covers(kAda, Kind::video));
  CHECK(permit.covers(kBen, Kind::video));
  CHECK_FALSE(permit.covers(kBen, Kind::screen));
  CHECK_FALSE(permit.covers(id_of_number<StatementId>(15), Kind::audio));
}

TEST_CASE("revoking a kind takes it from one person, at once and for good", "[gate]") {
  Gate gate;
  const auto permit = gate.open(kRecording, 1, kRoster, 100);
  gate.revoke(kBen, {Kind::video, Kind::screen});
  CHECK_FALSE(permit.covers(kBen, Kind::video));
  CHECK(permit.covers(kBen, Kind::audio));
  CHECK(permit.covers(kAda, Kind::audio));
  CHECK(permit.is_open());
}

TEST_CASE("a take cannot name an approval twice", "[gate]") {
  Gate gate;
  CHECK_THROWS_AS(gate.open(kRecording, 1, {{kAda, {}}, {kAda, Scope::all()}}, 100), std::invalid_argument);
}

TEST_CASE("no frame that any thread saw admitted arrived after the closing instant", "[gate]") {
  for (int round = 0; round < 50; ++round) {
    Gate gate;
    const auto permit = gate.open(kRecording, 1, kRoster, monotonic_ns());
    std::atomic<int> started{0};
    std::vector<std::int64_t> last_admitted(3);
    std::vector<std::thread> readers;
    for (auto& last : last_admitted)
      readers.emplace_back([&last, &started, permit] {
        ++started;
        for (;;) {
          const auto arrived = monotonic_ns();
          if (permit.admits(arrived, arrived) && permit.covers(kAda, Kind::audio))
            last = arrived;
          else if (!permit.is_open())
            return;
        }
      });
    while (started < 3) std::this_thread::yield();
    gate.revoke(kBen, {Kind::audio});
    gate.close(&monotonic_ns);
    for (auto& reader : readers) reader.join();
    for (const auto last : last_admitted) CHECK(last <= permit.closed_at_ns());
  }
}
