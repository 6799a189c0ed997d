#include "server/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "server/connection_table.hpp"
#include "server/lingering_close.hpp"

namespace unavoce::server {
namespace {

/// Files, databases and pipes; and connections beyond max_connections: those that are told why they make way, and those
/// that were refused and are listened to for a while.
constexpr std::uint64_t kForTheService = 128 + ConnectionLimits{}.told_at_once + LingerLimits{}.at_once;
constexpr std::uint64_t kForEachPublisher = 24;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::uint32_t connections_that_fit(std::uint32_t wanted, std::uint32_t publishers, std::uint64_t descriptors) {
  constexpr std::uint64_t at_least = 16;
  // Where there are few, publishers as many as allowed will hardly come: connections get half.
  const std::uint64_t reserved = std::min(kForTheService + kForEachPublisher * publishers, descriptors / 2);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, std::max(descriptors - reserved, at_least)));
}

std::uint32_t publishers_that_fit(std::uint32_t wanted, std::uint32_t connections, std::uint64_t descriptors) {
  const std::uint64_t others = kForTheService + connections;
  const std::uint64_t left = descriptors > others ? descriptors - others : 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(left / kForEachPublisher, 1)));
}

}  // namespace unavoce::server
