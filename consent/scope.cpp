#include "consent/scope.hpp"

namespace unavoce::consent {

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::audio:
      return "audio";
    case Kind::video:
      return "video";
    case Kind::screen:
      return "screen";
    case Kind::chat:
      return "chat";
  }
  return "unknown";
}

std::optional<Kind> kind_named(std::string_view name) noexcept {
  for (const Kind kind : kAllKinds)
    if (name_of(kind) == name) return kind;
  return std::nullopt;
}

std::vector<std::string_view> Scope::names() const {
  std::vector<std::string_view> names;
  for (const Kind kind : kAllKinds)
    if (contains(kind)) names.push_back(name_of(kind));
  return names;
}

}  // namespace unavoce::consent
