#pragma once
// Long answers, made piece by piece on the worker threads: a range of a sealed file, a bundle, a long text. Each owns
// what it reads from, but for the blob store, which must outlive it, and what it holds in RAM is counted until it goes.
// An error of the first piece is answered as a problem; later ones break the connection off, so that nobody takes half
// a file for a whole one.

#include <memory>
#include <string>

#include "consent/bundle.hpp"
#include "server/http.hpp"
#include "server/long_reads.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::server {

/// Bytes `range` of a blob.
std::unique_ptr<BodySource> blob_source(storage::BlobStore& blobs, std::string recording, std::string name,
                                        ByteRange range);

/// The tar of a bundle; its size is not known beforehand. Track files are read from `blobs`. The bytes of the contents
/// are given back as soon as only track files are left.
Result<std::unique_ptr<BodySource>> bundle_source(storage::BlobStore& blobs, consent::BundleContents contents,
                                                  LongReads::Held held);

/// A text that was made as a whole.
std::unique_ptr<BodySource> text_source(std::string text, LongReads::Held held);

}  // namespace unavoce::server
