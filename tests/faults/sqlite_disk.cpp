// A VFS in front of SQLite's own: every call for a file of a FaultyDisk asks that disk first. Everything else passes
// through. No shared-memory or locking call is hidden, so that the write-ahead log works as it always does.
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>

#include "faulty_disk.hpp"

namespace unavoce::faults {
namespace {

using Needs = FaultyDisk::Needs;

sqlite3_vfs* real_vfs() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  return vfs;
}

/// What SQLite sees as a file; the real one lies behind it in the same memory.
struct File {
  sqlite3_file base;
  FaultyDisk* disk;
  std::string path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

/// SQLITE_OK, or what SQLite's unix VFS would answer.
int verdict(File& file, const char* operation, Needs needs, int code) {
  if (file.disk == nullptr) return SQLITE_OK;
  const int error = file.disk->verdict(operation, file.path, needs);
  if (error == 0) return SQLITE_OK;
  return error == ENOSPC && needs == Needs::room ? SQLITE_FULL : code;
}

template <class Call>
int unless(int code, Call call) {
  return code == SQLITE_OK ? call() : code;
}

int close_file(sqlite3_file* base) {
  File& file = file_of(base);
  const int code = file.real()->pMethods != nullptr ? file.real()->pMethods->xClose(file.real()) : SQLITE_OK;
  file.~File();
  return code;
}
int read_file(sqlite3_file* base, void* out, int size, sqlite3_int64 offset) {
  File& file = file_of(base);
  return unless(verdict(file, "sqlite read", Needs::reading, SQLITE_IOERR_READ),
                [&] { return file.real()->pMethods->xRead(file.real(), out, size, offset); });
}
int write_file(sqlite3_file* base, const void* bytes, int size, sqlite3_int64 offset) {
  File& file = file_of(base);
  const int code = verdict(file, "sqlite write", Needs::room, SQLITE_IOERR_WRITE);
  const int done = file.real()->pMethods->xWrite(file.real(), bytes, code == SQLITE_OK ? size : size / 2, offset);
  return code == SQLITE_OK ? done : code;
}
int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  File& file = file_of(base);
  return unless(verdict(file, "sqlite truncate", Needs::changing, SQLITE_IOERR_TRUNCATE),
                [&] { return file.real()->pMethods->xTruncate(file.real(), size); });
}
int sync_file(sqlite3_file* base, int flags) {
  File& file = file_of(base);
  return unless(verdict(file, "sqlite sync", Needs::syncing, SQLITE_IOERR_FSYNC),
                [&] { return file.real()->pMethods->xSync(file.real(), flags); });
}
int size_of_file(sqlite3_file* base, sqlite3_int64* size) {
  return file_of(base).real()->pMethods->xFileSize(file_of(base).real(), size);
}
int lock_file(sqlite3_file* base, int level) {
  return file_of(base).real()->pMethods->xLock(file_of(base).real(), level);
}
int unlock_file(sqlite3_file* base, int level) {
  return file_of(base).real()->pMethods->xUnlock(file_of(base).real(), level);
}
int look_at_lock(sqlite3_file* base, int* reserved) {
  return file_of(base).real()->pMethods->xCheckReservedLock(file_of(base).real(), reserved);
}
int control_file(sqlite3_file* base, int operation, void* argument) {
  return file_of(base).real()->pMethods->xFileControl(file_of(base).real(), operation, argument);
}
int sector_size(sqlite3_file* base) {
  return file_of(base).real()->pMethods->xSectorSize(file_of(base).real());
}
int characteristics(sqlite3_file* base) {
  return file_of(base).real()->pMethods->xDeviceCharacteristics(file_of(base).real());
}
int map_shared(sqlite3_file* base, int page, int size, int extend, void volatile** out) {
  File& file = file_of(base);
  return unless(verdict(file, "sqlite share", Needs::room, SQLITE_IOERR_SHMMAP),
                [&] { return file.real()->pMethods->xShmMap(file.real(), page, size, extend, out); });
}
int lock_shared(sqlite3_file* base, int offset, int count, int flags) {
  return file_of(base).real()->pMethods->xShmLock(file_of(base).real(), offset, count, flags);
}
void barrier_shared(sqlite3_file* base) {
  file_of(base).real()->pMethods->xShmBarrier(file_of(base).real());
}
int unmap_shared(sqlite3_file* base, int remove) {
  return file_of(base).real()->pMethods->xShmUnmap(file_of(base).real(), remove);
}

/// Version 2: shared memory, but no mapping of the file itself, which would pass by us.
const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods all = [] {
    sqlite3_io_methods table{};
    table.iVersion = 2;
    table.xClose = close_file;
    table.xRead = read_file;
    table.xWrite = write_file;
    table.xTruncate = truncate_file;
    table.xSync = sync_file;
    table.xFileSize = size_of_file;
    table.xLock = lock_file;
    table.xUnlock = unlock_file;
    table.xCheckReservedLock = look_at_lock;
    table.xFileControl = control_file;
    table.xSectorSize = sector_size;
    table.xDeviceCharacteristics = characteristics;
    table.xShmMap = map_shared;
    table.xShmLock = lock_shared;
    table.xShmBarrier = barrier_shared;
    table.xShmUnmap = unmap_shared;
    return table;
  }();
  return all;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* base, int flags, int* out_flags) {
  auto* file = new (base) File{{nullptr}, FaultyDisk::under(name), name == nullptr ? std::string() : std::string(name)};
  file->real()->pMethods = nullptr;
  const int code = unless(verdict(*file, "sqlite open", Needs::changing, SQLITE_CANTOPEN),
                          [&] { return real_vfs()->xOpen(real_vfs(), name, file->real(), flags, out_flags); });
  if (code == SQLITE_OK) {
    file->base.pMethods = &methods();
    return code;
  }
  if (file->real()->pMethods != nullptr) file->real()->pMethods->xClose(file->real());
  file->~File();
  base->pMethods = nullptr;  // nothing to close
  return code;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  if (auto* disk = FaultyDisk::under(name)) {
    if (disk->verdict("sqlite delete", name, Needs::changing) != 0) return SQLITE_IOERR_DELETE;
  }
  return real_vfs()->xDelete(real_vfs(), name, sync_folder);
}

}  // namespace

void install_sqlite_disk() {
  static std::once_flag once;
  static sqlite3_vfs ours;
  std::call_once(once, [] {
    ours = *real_vfs();
    ours.szOsFile = static_cast<int>(sizeof(File)) + real_vfs()->szOsFile;
    ours.zName = "faulty";
    ours.pNext = nullptr;
    ours.xOpen = open_file;
    ours.xDelete = delete_file;
    if (sqlite3_vfs_register(&ours, 1) != SQLITE_OK) throw std::runtime_error("no VFS for SQLite");
  });
}

}  // namespace unavoce::faults
