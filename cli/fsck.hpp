// `unavoce fsck`: does everything in the data folder of a stopped service agree? fsck.cpp takes the locks and reports,
// fsck_blobs.cpp looks at the track files; what the ledger says comes from consent/inspection.hpp.
//
// Owner: values. Thread: main, blocking. Errors: io if the service runs or a file cannot be read.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "consent/inspection.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::cli {

enum class Repairs { none, where_nothing_is_lost };

struct FsckOptions {
  std::string data_folder;
  Repairs repairs = Repairs::none;
};
/// Checks ledger, tables, erasure slots and track files. Needs no key; changes nothing without Repairs.
Result<Report> fsck(const FsckOptions& options);

/// What would repair a fault without losing anything; empty where that cannot be had.
using Repair = std::function<storage::Result<void>()>;

struct FileFault {
  // A constructor, because GCC 12 sees uninitialised strings in nested braces that hold temporaries.
  explicit FileFault(consent::Damage what) : fault(std::move(what)) {}
  FileFault(consent::DamageKind kind, std::string subject, std::string text, Repair how)
      : fault{kind, std::move(subject), std::move(text)}, repair(std::move(how)) {}

  consent::Damage fault;
  Repair repair;
  bool repaired = false;
};

struct BlobInspection {
  std::vector<FileFault> faults;
  std::uint64_t files = 0;
  std::uint64_t size_bytes = 0;
};

/// Compares the track files with what the ledger says of them. `blobs` must outlive the result.
Result<BlobInspection> inspect_blobs(storage::BlobStore& blobs, const consent::LedgerInspection& ledger);

}  // namespace unavoce::cli
