// Track files at rest: repairing after a crash, without any key, and measuring.
// Owner: none, functions over a BlobStore. Thread: a worker, before takes of the same recording run; they block on the
// disk. Errors: storage, sealing (a tail that belongs to no main file is left alone and told), damaged.
#pragma once

#include <string>

#include "recorder/error.hpp"
#include "recorder/order.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::recorder {

/// Cuts every main file that has a tail back to where the tail takes over, and removes tails that were being written,
/// also those that were the first of their file. Can be repeated; a second run changes nothing, and of a file that ends
/// where it should it reads the two heads and the end: tails of interrupted takes stay for as long as their recording.
/// The first error is told when all have been tried.
Result<void> recover(storage::BlobStore& blobs);

/// The same for one main file, durably even if it ends there already: it is about to be sealed. Nothing happens without
/// a tail. Its writer must be gone. damaged: no later attempt repairs it, because data is lost that was durable, or
/// head or tail are not what was written.
Result<void> repair(storage::BlobStore& blobs, const consent::RecordingId& recording, const std::string& name);

/// Hashes a file as it lies there; `empty` if there is none (measuring.hpp).
Result<SealedTrackFile> examine(storage::BlobStore& blobs, const consent::RecordingId& recording,
                                const std::string& name);

/// The name of the main file that a tail belongs to; other names come back as they are.
std::string main_name(const std::string& name);

}  // namespace unavoce::recorder
