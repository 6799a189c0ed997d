// Puts AV1 temporal units together from RTP payloads; Debian 12's GStreamer has no element for that.
// Owner: a media branch, one per source. Thread: one. Errors: a unit with a packet missing or malformed is dropped and
// told as lost; nothing a sender does outlives its unit. Source: RTP Payload Format For AV1 (AOMedia), section 4.
//
// A unit is the packets of one timestamp. It ends with the marker bit, or when a packet of another timestamp follows
// without a gap. After a gap nobody can tell whether the next packet is the first of its unit, unless it says so (N
// bit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "recorder/frame.hpp"

namespace unavoce::recorder {

/// What the depacketizer is told of an RTP packet; they come in the order of their sequence numbers.
struct Av1Packet {
  std::uint16_t seq = 0;
  std::uint32_t timestamp = 0;
  bool marker = false;
  std::span<const std::uint8_t> payload;
};

/// A temporal unit in low-overhead form: a size in every OBU, no temporal delimiter, tile list or padding.
struct Av1Unit {
  std::uint32_t timestamp = 0;
  PlainBytes bytes;
};

/// What came out with a packet: at most the unit before it and its own.
struct Av1Output {
  std::vector<Av1Unit> units;
  bool lost = false;  ///< something is missing or broken: a key frame is due
};

/// A unit with more bytes is dropped: its sender may never end it.
inline constexpr std::size_t max_av1_unit_bytes = std::size_t{8} << 20;

class Av1Depacketizer {
 public:
  Av1Output add(const Av1Packet& packet);

  /// Whether packets of the latest timestamp are kept for a unit. Of those before it nothing ever is: what was whole
  /// came out with this one at the latest.
  bool is_collecting() const noexcept { return unit_ == Unit::collecting; }

  /// Another source: nothing known belongs to its units.
  void restart() { *this = Av1Depacketizer(); }

 private:
  enum class Unit { collecting, ended, broken };

  void begin(const Av1Packet& packet, bool certain);
  void take_in(const Av1Packet& packet, Av1Output& out);
  void end(Unit how, Av1Output& out);

  bool started_ = false;
  std::uint16_t next_seq_ = 0;
  std::uint32_t timestamp_ = 0;
  Unit unit_ = Unit::ended;
  std::vector<PlainBytes> payloads_;  // of the unit that is being collected
  std::size_t bytes_ = 0;
};

/// Joins the payloads of one temporal unit. nullopt if they do not fit together; empty if no picture is in them.
std::optional<PlainBytes> join_av1_payloads(const std::vector<PlainBytes>& payloads);

}  // namespace unavoce::recorder
