#include "server/disk_reserve.hpp"

#include <algorithm>
#include <utility>

namespace unavoce::server {

DiskReserve::Change DiskReserve::note(const storage::VolumeRoom& room) {
  const std::uint64_t kept = kept_bytes(room);
  const std::uint64_t needed = is_reached() ? kept + kept / 8 : kept;
  const State now = room.free_bytes < needed ? State::reached : State::enough;
  if (std::exchange(state_, now) == now) return Change::none;
  return is_reached() ? Change::reached : Change::left;
}

std::uint64_t DiskReserve::kept_bytes(const storage::VolumeRoom& room) const {
  return std::min(reserve_bytes_, room.size_bytes / 10);
}

}  // namespace unavoce::server
