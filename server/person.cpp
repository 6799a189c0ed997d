#include "server/person.hpp"

#include <algorithm>

namespace unavoce::server {
namespace {

/// A camera and a screen run at the same time; what was replaced before them is only remembered for its DELETE.
constexpr std::size_t kMaxResources = 16;

}  // namespace

std::optional<std::string> PublishPlace::add(recorder::PublishKind kind, std::string resource) {
  newest.insert_or_assign(kind, resource);
  resources.push_back(std::move(resource));
  if (resources.size() <= kMaxResources) return std::nullopt;
  const auto is_replaced = [&](const std::string& session) {
    return std::ranges::none_of(newest, [&](const auto& item) { return item.second == session; });
  };
  const auto oldest = std::ranges::find_if(resources, is_replaced);
  if (oldest == resources.end()) return std::nullopt;
  std::string forgotten = std::move(*oldest);
  resources.erase(oldest);
  return forgotten;
}

}  // namespace unavoce::server
