// The names of blobs and their tails. They become paths, so nothing but the expected form may pass.
#include <algorithm>

#include "storage/blob_store.hpp"

namespace unavoce::storage {

namespace {

constexpr std::size_t max_name_chars = 100;
constexpr std::string_view sealed_suffix = ".age";
constexpr std::string_view tail_suffix = ".tail";
constexpr std::string_view sealed_tail_suffix = ".tail.age";

}  // namespace

bool is_blob_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= max_name_chars && name.front() != '.' &&
         std::ranges::all_of(name, is_allowed) && !name.ends_with(temporary_suffix);
}

std::string tail_name(std::string_view blob_name) {
  if (!blob_name.ends_with(sealed_suffix)) return std::string(blob_name).append(tail_suffix);
  blob_name.remove_suffix(sealed_suffix.size());
  return std::string(blob_name).append(sealed_tail_suffix);
}

bool is_tail_name(std::string_view name) {
  return name.ends_with(tail_suffix) || name.ends_with(sealed_tail_suffix);
}

}  // namespace unavoce::storage
