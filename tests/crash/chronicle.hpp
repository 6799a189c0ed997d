// What the people of a meeting know, and hold the service to after every kill: what it acknowledged, what they sent,
// and when the gate was surely closed. Plain values. Owner: Play. Thread: the test's.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "consent/checkpoint.hpp"
#include "consent/statements.hpp"
#include "crypto/age.hpp"
#include "tests/recorder/numbered_source.hpp"

namespace unavoce::crash {

/// While the gate was open for an approval, as its author saw it: from after it opened until before anything was sent
/// that closes it, or the kill.
struct Window {
  std::uint32_t take = 0;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;  ///< 0: still open
};

/// An approval, and everything that was sent under it.
struct Answer {
  consent::StatementId id;
  consent::RecordingId recording;
  crypto::PublicKey key;
  crypto::Identity e;
  bool acknowledged = false;
  bool has_picture = false;
  std::vector<Window> windows{};
  std::int64_t connected_ns = 0;                  ///< 0: never
  std::vector<recorder::test::SentFrame> sent{};  ///< complete once the publisher is gone
};

struct Withdrawal {
  consent::StatementId id;
  consent::RecordingId recording;
  crypto::PublicKey key;
  std::string envelope;
  bool acknowledged = false;
};

/// Whatever was sent from `from_ns` until before `to_ns` may be in no file.
struct Closed {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
};

struct Acknowledged {
  consent::RecordingId recording;
  consent::StatementId id;
};

class Chronicle {
 public:
  /// It is known to be closed since now (or since an instant that is past).
  void gate_is_closed();
  void gate_is_closed_since(std::int64_t at_ns);
  /// Something is about to be sent after which it may open.
  void gate_may_open();
  /// Something is about to be sent after which it closes: the windows end here. Or the instant of the kill.
  void windows_end(std::int64_t at_ns);

  std::vector<Answer> answers;
  std::vector<Withdrawal> withdrawals;
  std::vector<Acknowledged> acknowledged;
  std::vector<consent::RecordingId> asked;  ///< acknowledged requests, in their order
  std::set<consent::RecordingId> stopped;   ///< `stop` was acknowledged
  std::set<consent::RecordingId> stopping;  ///< `stop` was sent
  std::set<consent::RecordingId> erased;    ///< that it is erased as a whole was noted in the ledger, or done
  std::vector<consent::Checkpoint> checkpoints;
  std::vector<Closed> closed;
  /// The take that ran when the service was killed, while nothing was under way that ends it.
  struct Interrupted {
    consent::RecordingId recording;
    std::uint32_t take = 0;
  };
  std::vector<Interrupted> interrupted;

 private:
  std::int64_t closed_since_ns_ = 1;  // 0: may be open
};

}  // namespace unavoce::crash
