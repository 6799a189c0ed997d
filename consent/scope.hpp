// Scope: which kinds of media may be recorded of a person. A small set, a value, any thread.
// Owner: consent/. An empty scope is a valid answer: "record the meeting, none of it me".
// Written as array of names in the fixed order audio, video, screen, chat (docs/FORMATS.md section 1).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace unavoce::consent {

/// A kind of media. The values are the bits of a Scope and are never stored.
enum class Kind : std::uint8_t { audio = 1, video = 2, screen = 4, chat = 8 };

/// All kinds, in their order on the wire.
inline constexpr std::array kAllKinds{Kind::audio, Kind::video, Kind::screen, Kind::chat};

/// `audio`, `video`, `screen` or `chat`.
std::string_view name_of(Kind kind) noexcept;
std::optional<Kind> kind_named(std::string_view name) noexcept;

/// A set of kinds.
class Scope {
 public:
  constexpr Scope() = default;
  constexpr Scope(std::initializer_list<Kind> kinds) {
    for (const Kind kind : kinds) bits_ |= static_cast<std::uint8_t>(kind);
  }
  static constexpr Scope all() { return {Kind::audio, Kind::video, Kind::screen, Kind::chat}; }

  constexpr bool contains(Kind kind) const noexcept { return (bits_ & static_cast<std::uint8_t>(kind)) != 0; }
  constexpr bool subset_of(Scope other) const noexcept { return (bits_ & ~other.bits_) == 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }

  /// Set union, difference and intersection.
  constexpr Scope with(Scope other) const noexcept { return from(bits_ | other.bits_); }
  constexpr Scope without(Scope other) const noexcept { return from(bits_ & ~other.bits_); }
  constexpr Scope common(Scope other) const noexcept { return from(bits_ & other.bits_); }

  /// The names of the kinds contained, in the fixed order.
  std::vector<std::string_view> names() const;

  /// One bit per kind, for atomics in permits and for hashing; not for storage.
  constexpr std::uint8_t bits() const noexcept { return bits_; }

  constexpr bool operator==(const Scope&) const = default;

 private:
  static constexpr Scope from(int bits) noexcept {
    Scope scope;
    scope.bits_ = static_cast<std::uint8_t>(bits);
    return scope;
  }
  std::uint8_t bits_ = 0;
};

}  // namespace unavoce::consent
