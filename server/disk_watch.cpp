#include "server/disk_watch.hpp"

#include <boost/asio/redirect_error.hpp>
#include <exception>
#include <string>

namespace unavoce::server {

DiskWatch::DiskWatch(std::uint32_t reserve_mib, const storage::BlobStore& blobs, Executors& executors, Log& log)
    : reserve_(reserve_mib), blobs_(blobs), executors_(executors), log_(log), next_look_(executors.control) {
  note(blobs_.room());
}

Task<void> DiskWatch::run(std::chrono::milliseconds every, std::function<void()> is_low) {
  for (;;) {
    next_look_.expires_after(every);
    boost::system::error_code cancelled;
    co_await next_look_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    try {
      co_await look();
      if (reserve_.is_reached()) is_low();
    } catch (const std::exception& failure) {
      log_.error(std::string("the disk could not be looked at: ") + failure.what());
    }
  }
}

void DiskWatch::stop() {
  next_look_.cancel();
}

Task<void> DiskWatch::look() {
  const auto room = co_await on(executors_.workers, [&] { return blobs_.room(); });
  note(room);
}

void DiskWatch::note(const storage::Result<storage::VolumeRoom>& room) {
  if (!room) return;
  const auto mib = [](std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  const std::string has = mib(room.value().free_bytes);
  switch (reserve_.note(room.value())) {
    case DiskReserve::Change::none:
      return;
    case DiskReserve::Change::reached:
      return log_.error("the disk is nearly full: only " + has + " are free on the volume of the recordings, and " +
                        mib(reserve_.kept_bytes(room.value())) + " stay free (disk_reserve_mib). Nothing is recorded " +
                        "until there is more room; log-ins, answers, withdrawals and erasures go on");
    case DiskReserve::Change::left:
      return log_.info(has + " are free on the volume of the recordings again: recording goes on");
  }
}

}  // namespace unavoce::server
