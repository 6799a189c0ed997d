#include "storage/blob_files.hpp"

#include "storage/blob_store.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::storage {

std::vector<std::string> tail_files(std::string_view blob_name) {
  std::string tail = tail_name(blob_name);
  std::string temporary = tail + std::string(temporary_suffix);
  return {std::move(tail), std::move(temporary)};
}

std::vector<std::string> all_files(std::string_view blob_name) {
  auto files = tail_files(blob_name);
  files.emplace_back(blob_name);
  return files;
}

Result<void> remove_names(FileOps& ops, const std::filesystem::path& folder, std::span<const std::string> names) {
  Result<void> first = boost::outcome_v2::success();
  const auto keep_first_error = [&first](Result<void> result) {
    if (first && !result) first = std::move(result);
  };
  for (const auto& name : names) keep_first_error(remove_name(ops, folder / name));
  auto synced = sync_folder(ops, folder);
  if (synced || synced.error().code != Errc::not_found) keep_first_error(std::move(synced));
  return first;
}

}  // namespace unavoce::storage
