#include "recorder/sealed_sink.hpp"

#include <algorithm>

namespace unavoce::recorder {
namespace {

/// F(n) seals the two bytes of an empty EBML Void (DESIGN 7).
constexpr std::size_t final_bytes = 2 + crypto::tag_bytes;

}  // namespace

SealedSink::SealedSink(storage::BlobWriter writer, crypto::TrackSealer sealer)
    : writer_(std::move(writer)), sealer_(std::move(sealer)), partial_(crypto::chunk_bytes) {}

SealedSink::~SealedSink() {
  crypto::wipe(partial_);
}

Result<SealedSink> SealedSink::create(storage::BlobStore& blobs, const std::string& recording, const std::string& name,
                                      const crypto::Recipient& recipient, const crypto::TrackContext& context) {
  BOOST_OUTCOME_TRY(auto sealer, crypto::TrackSealer::create(recipient, context));
  BOOST_OUTCOME_TRY(auto writer, blobs.create(recording, name));
  SealedSink sink(std::move(writer), std::move(sealer));
  // The first tail comes before the first append: from here on a torn main file can always be repaired.
  auto started = [&]() -> Result<void> {
    BOOST_OUTCOME_TRY(sink.put(sink.sealer_.begin()));
    BOOST_OUTCOME_TRY(sink.writer_.sync());
    BOOST_OUTCOME_TRY(sink.writer_.replace_tail(sink.sealer_.tail({})));
    return boost::outcome_v2::success();
  }();
  if (started) return sink;
  (void)sink.erase();  // best effort: the error that counts is the one that stopped us
  return started.error();
}

Result<void> SealedSink::healthy() const {
  if (error_) return *error_;
  return boost::outcome_v2::success();
}

/// Remembers the first error: the chunk that could not be written must never be sealed again with other bytes.
template <class T>
Result<T> SealedSink::fail(const Error& error) {
  if (!error_) error_ = error;
  sealer_.wipe();
  return error;
}

Result<void> SealedSink::put(const crypto::FileWrite& write) {
  const auto written = writer_.write_at(write.offset, write.bytes);
  if (!written) return fail<void>(written.error());
  const auto settled = std::span(write.bytes).first(write.bytes.size() - final_bytes);
  settled_hash_.update(settled);
  final_.assign(settled.end(), std::span(write.bytes).end());
  return boost::outcome_v2::success();
}

Result<void> SealedSink::append_chunk() {
  const auto sealed = sealer_.append(std::span<const std::uint8_t, crypto::chunk_bytes>(partial_));
  crypto::wipe(partial_);
  partial_used_ = 0;
  return put(sealed);
}

Result<void> SealedSink::write(std::span<const std::uint8_t> plain) {
  BOOST_OUTCOME_TRY(healthy());
  while (!plain.empty()) {
    const std::size_t fits = std::min(plain.size(), crypto::chunk_bytes - partial_used_);
    std::copy_n(plain.begin(), fits, partial_.begin() + static_cast<std::ptrdiff_t>(partial_used_));
    partial_used_ += fits;
    plain = plain.subspan(fits);
    if (partial_used_ == crypto::chunk_bytes) {
      BOOST_OUTCOME_TRY(append_chunk());
    }
  }
  return boost::outcome_v2::success();
}

Result<void> SealedSink::sync_tail() {
  BOOST_OUTCOME_TRY(healthy());
  if (taken() == synced_) return boost::outcome_v2::success();
  if (sealer_.chunks() != synced_chunks_) {
    const auto synced = writer_.sync();
    if (!synced) return fail<void>(synced.error());
  }
  const auto replaced = writer_.replace_tail(sealer_.tail(std::span(partial_).first(partial_used_)));
  if (!replaced) return fail<void>(replaced.error());
  synced_ = taken();
  synced_chunks_ = sealer_.chunks();
  return boost::outcome_v2::success();
}

Result<SealedSize> SealedSink::finish() {
  BOOST_OUTCOME_TRY(healthy());
  if (partial_used_ != 0) {
    BOOST_OUTCOME_TRY(write(crypto::pad_to_chunk(partial_used_)));
  }
  // With an empty tail in place a crash before the next line loses nothing: repair leaves the file as it is.
  BOOST_OUTCOME_TRY(sync_tail());
  const std::uint64_t size_bytes = sealer_.size();
  sealer_.wipe();
  const auto finished = writer_.finish();
  if (!finished) return fail<SealedSize>(finished.error());
  settled_hash_.update(final_);
  error_ = Error{Errc::conflict, "The track file is finished."};
  return SealedSize{size_bytes, settled_hash_.finish()};
}

void SealedSink::abandon() noexcept {
  sealer_.wipe();
  crypto::wipe(partial_);
  partial_used_ = 0;
  if (!error_) error_ = Error{Errc::conflict, "The track file was abandoned."};
}

Result<void> SealedSink::erase() {
  abandon();
  BOOST_OUTCOME_TRY(writer_.abort());
  return boost::outcome_v2::success();
}

}  // namespace unavoce::recorder
