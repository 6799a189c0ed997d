#include "storage/erasure_slots.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace unavoce::storage {

namespace {

using Slot = std::array<std::uint8_t, ErasureSlots::key_bytes>;

constexpr Slot erased{};
/// The place of slot -1: 32 bytes, padded with zeros.
constexpr std::string_view magic = "unavoce erasure slots v1\n";

Slot file_header() {
  Slot header{};
  std::ranges::copy(magic, header.begin());
  return header;
}

std::uint64_t place_of(std::uint64_t slot) {
  return (slot + 1) * ErasureSlots::key_bytes;
}

Error no_such_slot(const DurableFile& file, std::uint64_t slot, const char* why) {
  return Error{Errc::not_found, 0, "slot " + std::to_string(slot) + " of " + file.path() + " " + why};
}

Result<DurableFile> open_or_create(FileOps& ops, const std::filesystem::path& path) {
  auto opened = DurableFile::open(ops, path, Access::read_write);
  if (opened || opened.error().code != Errc::not_found) return opened;
  auto created = DurableFile::create(ops, path);
  if (created || created.error().code != Errc::exists) return created;
  return DurableFile::open(ops, path, Access::read_write);  // somebody was faster; the lock decides
}

/// Gives a file its header that is new, or whose maker crashed before the header was whole.
Result<void> complete_header(FileOps& ops, DurableFile& file, const std::filesystem::path& path) {
  const Slot header = file_header();
  Slot found{};
  BOOST_OUTCOME_TRY(const auto got, file.read_at(0, found));
  if (!std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(got), header.begin())) {
    return Error{Errc::corrupt, 0, file.path() + " is not a file of erasure slots; put the right one back"};
  }
  if (got == header.size()) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(file.write_at(0, header));
  BOOST_OUTCOME_TRY(file.sync());
  return sync_folder(ops, path.parent_path());
}

}  // namespace

ErasureSlots::ErasureSlots(DurableFile file, std::uint64_t count)
    : mutex_(std::make_unique<std::mutex>()), file_(std::move(file)), count_(count) {}

Result<ErasureSlots> ErasureSlots::open(const std::filesystem::path& path, FileOps& ops) {
  BOOST_OUTCOME_TRY(auto file, open_or_create(ops, path));
  BOOST_OUTCOME_TRY(file.lock());
  BOOST_OUTCOME_TRY(complete_header(ops, file, path));
  BOOST_OUTCOME_TRY(const auto size_bytes, file.size());
  const std::uint64_t count = size_bytes / key_bytes - 1;
  if (size_bytes != place_of(count)) {
    BOOST_OUTCOME_TRY(file.truncate(place_of(count)));
    BOOST_OUTCOME_TRY(file.sync());
  }
  return ErasureSlots(std::move(file), count);
}

Result<ErasureSlots> ErasureSlots::open_read_only(const std::filesystem::path& path, FileOps& ops) {
  BOOST_OUTCOME_TRY(auto file, DurableFile::open(ops, path, Access::read));
  BOOST_OUTCOME_TRY(file.lock());
  Slot found{};
  BOOST_OUTCOME_TRY(const auto got, file.read_at(0, found));
  if (got != found.size() || found != file_header())
    return Error{Errc::corrupt, 0, file.path() + " is not a file of erasure slots; put the right one back"};
  BOOST_OUTCOME_TRY(const auto size_bytes, file.size());
  return ErasureSlots(std::move(file), size_bytes / key_bytes - 1);
}

Result<std::uint64_t> ErasureSlots::store(std::span<const std::uint8_t, key_bytes> key) {
  if (std::ranges::equal(key, erased)) throw std::invalid_argument("an erasure slot cannot hold all zeros");
  const std::lock_guard lock(*mutex_);
  // Never the place of an erased slot: an erasure that is repeated after a crash must not hit somebody else's key.
  BOOST_OUTCOME_TRY(file_.write_at(place_of(count_), key));
  BOOST_OUTCOME_TRY(file_.sync());
  return count_++;
}

Result<void> ErasureSlots::read(std::uint64_t slot, std::span<std::uint8_t, key_bytes> out) const {
  const std::lock_guard lock(*mutex_);
  if (slot >= count_) return no_such_slot(file_, slot, "was never used");
  BOOST_OUTCOME_TRY(const auto got, file_.read_at(place_of(slot), out));
  if (got != key_bytes) return Error{Errc::corrupt, 0, file_.path() + " became shorter while it was in use"};
  if (std::ranges::equal(out, erased)) return no_such_slot(file_, slot, "was erased");
  return boost::outcome_v2::success();
}

Result<void> ErasureSlots::erase(std::uint64_t slot) {
  const std::lock_guard lock(*mutex_);
  if (slot >= count_) return no_such_slot(file_, slot, "was never used");
  BOOST_OUTCOME_TRY(file_.write_at(place_of(slot), erased));
  return file_.sync();
}

Result<void> ErasureSlots::reserve(std::uint64_t count) {
  const std::lock_guard lock(*mutex_);
  if (count <= count_) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(file_.truncate(place_of(count)));  // what is added reads as zeros
  BOOST_OUTCOME_TRY(file_.sync());
  count_ = count;
  return boost::outcome_v2::success();
}

std::uint64_t ErasureSlots::count() const {
  const std::lock_guard lock(*mutex_);
  return count_;
}

}  // namespace unavoce::storage
