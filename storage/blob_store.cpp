#include "storage/blob_store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "storage/blob_files.hpp"

namespace unavoce::storage {

namespace {

constexpr std::string_view lock_name = ".lock";  // no blob or recording can have it: it begins with a dot

Error invalid_name(std::string_view what, std::string_view name) {
  // The name is not quoted beyond what is harmless in a log.
  const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  std::string text = "not a ";
  text.append(what).append(" name: ").append(printable ? name.substr(0, 120) : "(not printable)");
  return Error{Errc::invalid_name, 0, std::move(text)};
}

Result<DurableFile> open_or_create(FileOps& ops, const std::filesystem::path& path) {
  auto created = DurableFile::create(ops, path);
  if (created || created.error().code != Errc::exists) return created;
  return DurableFile::open(ops, path, Access::read_write);
}

enum class Listed : std::uint8_t { files, folders };

/// Names in `folder` that follow is_blob_name(), sorted.
Result<std::vector<std::string>> names_in(const std::filesystem::path& folder, Listed wanted) {
  std::vector<std::string> names;
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // an entry that vanished meanwhile is of neither type
    const auto type = entry->symlink_status(ignored).type();
    const auto wanted_type =
        wanted == Listed::files ? std::filesystem::file_type::regular : std::filesystem::file_type::directory;
    auto name = entry->path().filename().native();
    if (type == wanted_type && is_blob_name(name)) names.push_back(std::move(name));
  }
  if (error) return system_error("list", folder.native(), error.value());
  std::ranges::sort(names);
  return names;
}

/// Every name in `folder`, of whatever form.
Result<std::vector<std::string>> every_name_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().native());
  }
  if (error) return system_error("list", folder.native(), error.value());
  return names;
}

}  // namespace

BlobStore::BlobStore(FileOps& ops, std::filesystem::path root, DurableFile lock) noexcept
    : ops_(&ops), root_(std::move(root)), lock_(std::move(lock)) {}

Result<BlobStore> BlobStore::open(const std::filesystem::path& root, FileOps& ops) {
  BOOST_OUTCOME_TRY(make_folder(ops, root));
  BOOST_OUTCOME_TRY(auto lock, open_or_create(ops, root / lock_name));
  BOOST_OUTCOME_TRY(lock.lock());
  return BlobStore(ops, root, std::move(lock));
}

Result<std::filesystem::path> BlobStore::folder_of(std::string_view recording) const {
  if (!is_blob_name(recording)) return invalid_name("recording", recording);
  return root_ / recording;
}

Result<DurableFile> BlobStore::open_blob(std::string_view recording, std::string_view name, Access access) const {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  if (!is_blob_name(name)) return invalid_name("blob", name);
  return DurableFile::open(*ops_, folder / name, access);
}

Result<BlobWriter> BlobStore::create(std::string_view recording, std::string_view name) {
  BOOST_OUTCOME_TRY(auto folder, folder_of(recording));
  if (!is_blob_name(name) || is_tail_name(name)) return invalid_name("blob", name);
  BOOST_OUTCOME_TRY(make_folder(*ops_, folder));
  // Again for a folder that was there: whoever made it may have crashed before this.
  BOOST_OUTCOME_TRY(sync_folder(*ops_, root_));
  BOOST_OUTCOME_TRY(auto file, DurableFile::create(*ops_, folder / name));
  auto synced = sync_folder(*ops_, folder);
  if (!synced) {
    (void)remove_name(*ops_, folder / name);
    return synced.as_failure();
  }
  return BlobWriter(*ops_, std::move(folder), std::string(name), std::move(file));
}

Result<std::uint64_t> BlobStore::size(std::string_view recording, std::string_view name) const {
  BOOST_OUTCOME_TRY(const auto file, open_blob(recording, name, Access::read));
  return file.size();
}

Result<std::size_t> BlobStore::read_at(std::string_view recording, std::string_view name, std::uint64_t offset,
                                       std::span<std::uint8_t> out) const {
  BOOST_OUTCOME_TRY(const auto file, open_blob(recording, name, Access::read));
  return file.read_at(offset, out);
}

Result<std::vector<std::uint8_t>> BlobStore::read_all(std::string_view recording, std::string_view name,
                                                      std::uint64_t limit_bytes) const {
  BOOST_OUTCOME_TRY(const auto file, open_blob(recording, name, Access::read));
  BOOST_OUTCOME_TRY(const auto size_bytes, file.size());
  if (size_bytes > limit_bytes) {
    return Error{Errc::corrupt, 0,
                 file.path() + " has " + std::to_string(size_bytes) + " bytes, at most " + std::to_string(limit_bytes) +
                     " were expected"};
  }
  std::vector<std::uint8_t> bytes(size_bytes);
  BOOST_OUTCOME_TRY(const auto got, file.read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

Result<std::vector<std::string>> BlobStore::list(std::string_view recording) const {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  return names_in(folder, Listed::files);
}

Result<std::vector<std::string>> BlobStore::recordings() const {
  return names_in(root_, Listed::folders);
}

Result<VolumeRoom> BlobStore::room() const {
  struct ::statvfs volume {};
  if (ops_->statvfs(root_.c_str(), &volume) != 0) return system_error("look at the volume of", root_.native(), errno);
  const std::uint64_t block_bytes = volume.f_frsize;
  return VolumeRoom{volume.f_blocks * block_bytes, volume.f_bavail * block_bytes};
}

Result<void> BlobStore::erase(std::string_view recording, std::string_view name) {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  if (!is_blob_name(name)) return invalid_name("blob", name);
  return remove_names(*ops_, folder, all_files(name));
}

Result<void> BlobStore::erase_recording(std::string_view recording) {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  auto names = every_name_in(folder);
  if (!names && names.error().code == Errc::not_found) return sync_folder(*ops_, root_);
  BOOST_OUTCOME_TRY(const auto found, std::move(names));
  BOOST_OUTCOME_TRY(remove_names(*ops_, folder, found));
  if (ops_->rmdir(folder.c_str()) != 0 && errno != ENOENT) return system_error("remove", folder.native(), errno);
  return sync_folder(*ops_, root_);
}

Result<void> BlobStore::repair(std::string_view recording, std::string_view name, std::uint64_t truncate_to,
                               std::span<const std::uint8_t> fin) {
  BOOST_OUTCOME_TRY(auto file, open_blob(recording, name, Access::read_write));
  BOOST_OUTCOME_TRY(const auto size_bytes, file.size());
  if (size_bytes < truncate_to) {
    return Error{Errc::corrupt, 0,
                 file.path() + " has " + std::to_string(size_bytes) + " bytes, but its tail belongs after " +
                     std::to_string(truncate_to) + "; the file lost data that was durable"};
  }
  // In this order the file ends in bytes of its own at every moment, so a crash here changes nothing for the next try.
  BOOST_OUTCOME_TRY(file.write_at(truncate_to, fin));
  BOOST_OUTCOME_TRY(file.truncate(truncate_to + fin.size()));
  BOOST_OUTCOME_TRY(file.sync());
  // The version of the tail that was being written then is worth nothing.
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  const std::array unfinished{tail_name(name) + std::string(temporary_suffix)};
  return remove_names(*ops_, folder, unfinished);
}

Result<void> BlobStore::remove_temporary(std::string_view recording) {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  BOOST_OUTCOME_TRY(auto names, every_name_in(folder));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(temporary_suffix); });
  if (names.empty()) return boost::outcome_v2::success();
  return remove_names(*ops_, folder, names);
}

Result<void> BlobStore::remove_tail(std::string_view recording, std::string_view name) {
  BOOST_OUTCOME_TRY(const auto folder, folder_of(recording));
  if (!is_blob_name(name) || is_tail_name(name)) return invalid_name("blob", name);
  return remove_names(*ops_, folder, tail_files(name));
}

}  // namespace unavoce::storage
