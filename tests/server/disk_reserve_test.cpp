// When the disk counts as too full for recordings, and when there is room again.

#include "server/disk_reserve.hpp"

#include <catch2/catch.hpp>

using unavoce::server::DiskReserve;

namespace {

/// A volume of 100 GiB on which so much is free.
unavoce::storage::VolumeRoom with_free_mib(std::uint64_t free_mib) {
  return {std::uint64_t{100} << 30, free_mib << 20};
}

}  // namespace

TEST_CASE("what stays free is told once when it is reached, and once when an eighth more is free", "[reserve]") {
  using Change = DiskReserve::Change;
  DiskReserve reserve(1024);
  CHECK_FALSE(reserve.is_reached());
  CHECK(reserve.note(with_free_mib(1024)) == Change::none);
  CHECK(reserve.note(with_free_mib(1023)) == Change::reached);
  CHECK(reserve.note(with_free_mib(500)) == Change::none);
  CHECK(reserve.note(with_free_mib(1151)) == Change::none);
  CHECK(reserve.is_reached());
  CHECK(reserve.note(with_free_mib(1152)) == Change::left);
  CHECK_FALSE(reserve.is_reached());
  CHECK(reserve.note(with_free_mib(1025)) == Change::none);
  CHECK(reserve.note(with_free_mib(0)) == Change::reached);
}

TEST_CASE("of a small volume a tenth stays free, and nothing if that is what the operator wants", "[reserve]") {
  const auto is_reached = [](std::uint32_t reserve_mib, std::uint64_t size_bytes, std::uint64_t free_bytes) {
    DiskReserve reserve(reserve_mib);
    (void)reserve.note({size_bytes, free_bytes});
    return reserve.is_reached();
  };
  CHECK_FALSE(is_reached(1024, 1000, 100));
  CHECK(is_reached(1024, 1000, 99));
  CHECK_FALSE(is_reached(0, 1000, 0));
  CHECK_FALSE(is_reached(1024, 0, 0));  // a file system that does not say how large it is
}
