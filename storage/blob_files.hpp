// Which files belong to one blob, and how they go. Internal to storage/.
//
// Thread: any. Errors: storage/error.hpp.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/error.hpp"
#include "storage/file_ops.hpp"

namespace unavoce::storage {

/// The tail and its temporary file.
std::vector<std::string> tail_files(std::string_view blob_name);
/// The tail, its temporary file and the blob itself.
std::vector<std::string> all_files(std::string_view blob_name);

/// Tries to remove each of `names`, whatever happened to the others, then makes the folder durable. Names or a folder
/// that do not exist count as removed. Gives the first error.
Result<void> remove_names(FileOps& ops, const std::filesystem::path& folder, std::span<const std::string> names);

}  // namespace unavoce::storage
