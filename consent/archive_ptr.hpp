// RAII for libarchive's handles. Include in .cpp files of consent/ only. Null-safe; errors are left to the caller.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace unavoce::consent {

struct ArchiveReadFree {
  void operator()(archive* handle) const noexcept { archive_read_free(handle); }
};
struct ArchiveWriteFree {
  void operator()(archive* handle) const noexcept { archive_write_free(handle); }
};
struct ArchiveEntryFree {
  void operator()(archive_entry* handle) const noexcept { archive_entry_free(handle); }
};

using ArchiveReadPtr = std::unique_ptr<archive, ArchiveReadFree>;
using ArchiveWritePtr = std::unique_ptr<archive, ArchiveWriteFree>;
using ArchiveEntryPtr = std::unique_ptr<archive_entry, ArchiveEntryFree>;

}  // namespace unavoce::consent
