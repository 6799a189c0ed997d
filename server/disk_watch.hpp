#pragma once
// Looks at the volume of the recordings again and again, keeps DiskReserve and tells the operator once each way.
// Owner: Server. Thread: control; the volume itself is asked by a worker, because a disk may hang. Errors: none. A
// volume that cannot be looked at counts as it did before: what is wrong with it shows when something is written.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>

#include "server/disk_reserve.hpp"
#include "server/executors.hpp"
#include "server/log.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::server {

class DiskWatch {
 public:
  /// Looks once, on this thread. The references must outlive it.
  DiskWatch(std::uint32_t reserve_mib, const storage::BlobStore& blobs, Executors& executors, Log& log);

  const DiskReserve& reserve() const noexcept { return reserve_; }

  /// Looks every so often until stop(). `is_low` is called each time that less is free than stays free, not only when
  /// that changes: meetings begin meanwhile.
  Task<void> run(std::chrono::milliseconds every, std::function<void()> is_low);
  void stop();

 private:
  Task<void> look();
  void note(const storage::Result<storage::VolumeRoom>& room);

  DiskReserve reserve_;
  const storage::BlobStore& blobs_;
  Executors& executors_;
  Log& log_;
  asio::steady_timer next_look_;
};

}  // namespace unavoce::server
