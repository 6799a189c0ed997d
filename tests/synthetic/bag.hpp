// What somebody with a text editor can do to an unpacked bundle, for tests that expect it to be found.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unavoce::testing {

std::string read_text(const std::filesystem::path& path);
void put_text(const std::filesystem::path& path, std::string_view text);

/// Paths of all files of a bag, relative to its top folder, sorted.
std::vector<std::string> files_of(const std::filesystem::path& bag);

/// Makes both manifests fit again to what is there: the forger who knows BagIt.
void make_manifests_fit(const std::filesystem::path& bag);

}  // namespace unavoce::testing
