#include "crypto/stream.hpp"

#include <algorithm>
#include <utility>

namespace unavoce::crypto {

StreamSealer::StreamSealer(const Secret<32>& payload_key)
    : cipher_(payload_key), buffer_(chunk_bytes), sealed_(sealed_chunk_bytes) {}

Result<void> StreamSealer::write(ByteView plain, const Sink& sink) {
  if (error_) return *error_;
  // Whatever more than a full chunk is there, a full chunk of it is not the last one.
  while (buffered_ + plain.size() > chunk_bytes) {
    if (buffered_ == 0) {
      BOOST_OUTCOME_TRY(seal(ChunkPlace::before_others, plain.first(chunk_bytes), sink));  // from where it lies
      plain = plain.subspan(chunk_bytes);
    } else {
      plain = plain.subspan(fill(plain));
      buffered_ = 0;
      BOOST_OUTCOME_TRY(seal(ChunkPlace::before_others, buffer_.view(), sink));
    }
  }
  fill(plain);
  return boost::outcome_v2::success();
}

Result<void> StreamSealer::finish(const Sink& sink) {
  if (error_) return *error_;
  BOOST_OUTCOME_TRY(seal(ChunkPlace::last, buffer_.view().first(buffered_), sink));
  buffered_ = 0;
  error_ = Error{Errc::malformed, "this stream is finished; nothing can be sealed after its last chunk"};
  return boost::outcome_v2::success();
}

std::size_t StreamSealer::fill(ByteView plain) {
  const std::size_t size = std::min(plain.size(), chunk_bytes - buffered_);
  std::copy_n(plain.begin(), size, buffer_.writable().subspan(buffered_).begin());
  buffered_ += size;
  return size;
}

Result<void> StreamSealer::seal(ChunkPlace place, ByteView plain, const Sink& sink) {
  const auto sealed = std::span(sealed_).first(plain.size() + tag_bytes);
  cipher_.seal(index_++, place, plain, sealed);
  auto taken = sink(sealed);
  if (!taken) error_ = taken.error();
  return taken;
}

StreamOpener::StreamOpener(const Secret<32>& payload_key) : cipher_(payload_key), plain_(chunk_bytes) {
  buffer_.reserve(sealed_chunk_bytes);
}

Result<void> StreamOpener::write(ByteView sealed, const Sink& sink) {
  if (error_) return *error_;
  while (!sealed.empty()) {
    // A full chunk is held back until more arrives: only then it is not the last one.
    if (buffer_.size() == sealed_chunk_bytes) {
      BOOST_OUTCOME_TRY(flush(ChunkPlace::before_others, sink));
    }
    const ByteView part = sealed.first(std::min(sealed.size(), sealed_chunk_bytes - buffer_.size()));
    buffer_.insert(buffer_.end(), part.begin(), part.end());
    sealed = sealed.subspan(part.size());
  }
  return boost::outcome_v2::success();
}

Result<void> StreamOpener::finish(const Sink& sink) {
  if (error_) return *error_;
  BOOST_OUTCOME_TRY(flush(ChunkPlace::last, sink));
  error_ = Error{Errc::malformed, "this stream is finished; nothing can be opened after its last chunk"};
  return boost::outcome_v2::success();
}

Result<void> StreamOpener::flush(ChunkPlace place, const Sink& sink) {
  const auto fail = [this](const char* why) {
    error_ = Error{Errc::damaged, "chunk " + std::to_string(index_) + " of the sealed payload " + why};
    return *error_;
  };
  if (buffer_.size() < tag_bytes) return fail("is missing: the file was cut off");
  const auto plain = plain_.writable().first(buffer_.size() - tag_bytes);
  // An empty last chunk after others would be a second way to write the same payload.
  if (plain.empty() && index_ > 0) return fail("is empty: the file was not written by an age program");

  // A whole chunk whose flag is not the one expected is still authentic and in its place: it is released, then the
  // stream ends with an error. The public vectors ask for this, and it saves all there is of a file that was cut off.
  const auto other = place == ChunkPlace::last ? ChunkPlace::before_others : ChunkPlace::last;
  const bool as_expected = cipher_.open(index_, place, buffer_, plain);
  if (!as_expected && (plain.size() < chunk_bytes || !cipher_.open(index_, other, buffer_, plain))) {
    return fail(place == ChunkPlace::last ? "is not an authentic end: the file was changed or cut off"
                                          : "is not authentic: the file was changed");
  }
  buffer_.clear();
  auto taken = sink(plain);
  wipe(plain);
  if (!taken) {
    error_ = taken.error();
    return taken;
  }
  if (!as_expected) {
    return fail(place == ChunkPlace::last ? "is not the last one: the file was cut off"
                                          : "is the last one, but more bytes follow: the file was changed");
  }
  ++index_;
  return taken;
}

}  // namespace unavoce::crypto
