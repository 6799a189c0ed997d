#include "crypto/range_opener.hpp"

#include <algorithm>

#include "crypto/file_key.hpp"

namespace unavoce::crypto {

namespace {

struct Start {
  ParsedHeader header;
  Bytes nonce;
};

/// Almost every header fits into the first block; longer ones are read again with twice the size.
Result<Start> read_start(const RangeOpener::ReadAt& read_at, std::uint64_t file_bytes) {
  for (std::size_t wanted = 4096;; wanted *= 2) {
    Bytes bytes(std::min<std::uint64_t>(wanted, file_bytes));
    BOOST_OUTCOME_TRY(read_at(0, bytes));
    BOOST_OUTCOME_TRY(auto parsed, parse_header(bytes));
    if (parsed && bytes.size() >= parsed->size_bytes + payload_nonce_bytes) {
      const auto nonce = ByteView(bytes).subspan(parsed->size_bytes, payload_nonce_bytes);
      return Start{std::move(*parsed), Bytes(nonce.begin(), nonce.end())};
    }
    if (bytes.size() == file_bytes) {
      return Error{Errc::malformed, "not a valid age file: it ends before its payload begins"};
    }
  }
}

Error damaged(std::uint64_t index, const char* why) {
  return {Errc::damaged, "chunk " + std::to_string(index) + " of the sealed payload " + why};
}

}  // namespace

Result<RangeOpener> RangeOpener::open(ReadAt read_at, std::uint64_t file_bytes, std::span<const Identity> identities) {
  BOOST_OUTCOME_TRY(const auto start, read_start(read_at, file_bytes));
  BOOST_OUTCOME_TRY(const auto key, unwrap(start.header.header.stanzas, identities));
  BOOST_OUTCOME_TRY(check_mac(start.header.header, key));
  const std::uint64_t payload_offset = start.header.size_bytes + payload_nonce_bytes;
  const std::uint64_t payload_bytes = file_bytes - payload_offset;
  const std::uint64_t rest = payload_bytes % sealed_chunk_bytes;
  const bool only_chunk_is_empty = payload_bytes == tag_bytes;
  if (payload_bytes == 0 || (rest != 0 && rest <= tag_bytes && !only_chunk_is_empty)) {
    return damaged(payload_bytes / sealed_chunk_bytes, "is cut off");
  }
  RangeOpener opener(std::move(read_at), payload_key(key, start.nonce), payload_offset, payload_bytes);
  BOOST_OUTCOME_TRY(opener.load(opener.last_index_));
  return opener;
}

RangeOpener::RangeOpener(ReadAt read_at, const Secret<32>& payload_key, std::uint64_t payload_offset,
                         std::uint64_t payload_bytes)
    : read_at_(std::move(read_at)),
      cipher_(payload_key),
      payload_offset_(payload_offset),
      payload_bytes_(payload_bytes),
      last_index_((payload_bytes - 1) / sealed_chunk_bytes),
      size_(payload_bytes - (last_index_ + 1) * tag_bytes) {}

Result<std::size_t> RangeOpener::read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
  std::size_t copied = 0;
  while (copied < out.size() && offset < size_) {
    BOOST_OUTCOME_TRY(load(offset / chunk_bytes));
    const auto available = chunk_.view().first(chunk_size_).subspan(offset % chunk_bytes);
    const auto part = available.first(std::min(available.size(), out.size() - copied));
    std::ranges::copy(part, out.subspan(copied).begin());
    copied += part.size();
    offset += part.size();
  }
  return copied;
}

Result<void> RangeOpener::load(std::uint64_t index) {
  if (loaded_ == index) return boost::outcome_v2::success();
  const std::uint64_t offset = index * sealed_chunk_bytes;
  Bytes sealed(std::min<std::uint64_t>(sealed_chunk_bytes, payload_bytes_ - offset));
  BOOST_OUTCOME_TRY(read_at_(payload_offset_ + offset, sealed));
  loaded_.reset();
  chunk_size_ = sealed.size() - tag_bytes;
  const auto place = index == last_index_ ? ChunkPlace::last : ChunkPlace::before_others;
  if (!cipher_.open(index, place, sealed, chunk_.writable().first(chunk_size_))) {
    return damaged(index, "is not authentic: the file was changed or cut off");
  }
  loaded_ = index;
  return boost::outcome_v2::success();
}

}  // namespace unavoce::crypto
