#pragma once
// What stays free on the volume of the recordings, so that log-ins, answers, withdrawals and erasures have room when
// recordings have filled the rest: while less is free no take begins, and running ones end. They go on when an eighth
// more is free: the files of a take that ends make some room, and takes would begin and end in a circle.
// A value, owned by DiskWatch, which looks at the volume every second; control thread. Errors: none.

#include <cstdint>

#include "storage/blob_store.hpp"

namespace unavoce::server {

class DiskReserve {
 public:
  /// 0: nothing stays free.
  explicit DiskReserve(std::uint32_t reserve_mib) : reserve_bytes_(std::uint64_t{reserve_mib} << 20) {}

  enum class Change { none, reached, left };
  /// What the volume has now, and whether that changes anything.
  Change note(const storage::VolumeRoom& room);
  bool is_reached() const noexcept { return state_ == State::reached; }

  /// What stays free of a volume; of a small one a tenth.
  std::uint64_t kept_bytes(const storage::VolumeRoom& room) const;

 private:
  enum class State { enough, reached };

  std::uint64_t reserve_bytes_;
  State state_ = State::enough;
};

}  // namespace unavoce::server
