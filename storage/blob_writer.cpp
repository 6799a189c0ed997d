#include <utility>

#include "storage/blob_files.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::storage {

BlobWriter::BlobWriter(FileOps& ops, std::filesystem::path folder, std::string name, DurableFile file) noexcept
    : ops_(&ops), folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}

Result<void> BlobWriter::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  return file_.write_at(offset, bytes);
}

Result<void> BlobWriter::truncate(std::uint64_t size_bytes) {
  return file_.truncate(size_bytes);
}

Result<void> BlobWriter::sync() {
  if (health_ == Health::sync_failed) {
    return Error{Errc::io, 0, "cannot make durable " + file_.path() + ": it failed before, and data may be missing"};
  }
  auto synced = file_.sync();
  if (!synced) health_ = Health::sync_failed;
  return synced;
}

Result<void> BlobWriter::replace_tail(std::span<const std::uint8_t> bytes) {
  BOOST_OUTCOME_TRY(const bool is_linked, file_.is_linked());
  if (!is_linked) return Error{Errc::not_found, 0, "no tail for " + file_.path() + ": the file was erased"};
  return replace_file(*ops_, folder_ / tail_name(name_), bytes);
}

Result<void> BlobWriter::finish() {
  BOOST_OUTCOME_TRY(sync());
  return remove_names(*ops_, folder_, tail_files(name_));
}

Result<void> BlobWriter::abort() {
  return remove_names(*ops_, folder_, all_files(name_));
}

}  // namespace unavoce::storage
