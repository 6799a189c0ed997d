// Names of things: rooms, sessions, participants, recordings (128 random bits) and statements (SHA-256).
// Owner: consent/. Plain values of different types, so that a room id cannot be handed in as a recording id; any
// thread. Written as lower-case hex (docs/FORMATS.md section 1); parse fails with Errc::malformed on anything else.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "consent/error.hpp"

namespace unavoce::consent {

namespace detail {
std::string id_hex(std::span<const std::uint8_t> bytes);
Result<void> parse_id(std::string_view hex, std::span<std::uint8_t> out);
void random_id(std::span<std::uint8_t> out);
}  // namespace detail

/// An id of Size bytes. Default-constructed: all zero, which names nothing.
template <class Tag, std::size_t Size>
class Id {
 public:
  using Bytes = std::array<std::uint8_t, Size>;

  Id() = default;
  explicit Id(const Bytes& bytes) : bytes_(bytes) {}

  /// Exactly 2 * Size lower-case hex digits.
  static Result<Id> parse(std::string_view hex) {
    Id id;
    BOOST_OUTCOME_TRY(detail::parse_id(hex, id.bytes_));
    return id;
  }

  /// A fresh id from the system's random source.
  static Id random() {
    Id id;
    detail::random_id(id.bytes_);
    return id;
  }

  std::string hex() const { return detail::id_hex(bytes_); }
  const Bytes& bytes() const noexcept { return bytes_; }

  auto operator<=>(const Id&) const = default;

 private:
  Bytes bytes_{};
};

using RoomId = Id<struct RoomTag, 16>;
using SessionId = Id<struct SessionTag, 16>;
using ParticipantId = Id<struct ParticipantTag, 16>;
using RecordingId = Id<struct RecordingTag, 16>;
/// SHA-256 over the DSSE pre-authentication encoding of a statement: what every reference to it uses.
using StatementId = Id<struct StatementTag, 32>;

/// A point in time: milliseconds since 1970-01-01T00:00Z. consent/ never reads a clock, it is always told.
struct TimeMs {
  std::int64_t value = 0;
  auto operator<=>(const TimeMs&) const = default;
};

/// A span of time in milliseconds.
struct SpanMs {
  std::int64_t value = 0;
  auto operator<=>(const SpanMs&) const = default;
};

constexpr TimeMs operator+(TimeMs time, SpanMs span) noexcept {
  return {time.value + span.value};
}
constexpr TimeMs operator-(TimeMs time, SpanMs span) noexcept {
  return {time.value - span.value};
}
constexpr SpanMs operator-(TimeMs later, TimeMs earlier) noexcept {
  return {later.value - earlier.value};
}

}  // namespace unavoce::consent

template <class Tag, std::size_t Size>
struct std::hash<unavoce::consent::Id<Tag, Size>> {
  std::size_t operator()(const unavoce::consent::Id<Tag, Size>& id) const noexcept {
    const auto& bytes = id.bytes();
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
};
