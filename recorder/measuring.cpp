#include "recorder/measuring.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include "crypto/age_header.hpp"

namespace unavoce::recorder {
namespace {

constexpr std::size_t kBlock_bytes = std::size_t{1} << 20;

}  // namespace

Measuring::Measuring(storage::BlobStore& blobs, const consent::RecordingId& recording, std::string name)
    : blobs_(blobs), recording_(recording.hex()), name_(std::move(name)) {}

Result<std::optional<SealedTrackFile>> Measuring::read_until(std::chrono::steady_clock::time_point when) {
  auto found = read_on(when);
  if (found) return found;
  hash_ = crypto::Sha256();
  size_bytes_ = 0;
  if (found.error().code != Errc::not_found) return found;
  SealedTrackFile none;
  none.name = name_;
  return std::optional(std::move(none));
}

Result<std::optional<SealedTrackFile>> Measuring::read_on(std::chrono::steady_clock::time_point when) {
  std::vector<std::uint8_t> block(kBlock_bytes);
  std::size_t got = 0;
  do {
    BOOST_OUTCOME_TRY(got, blobs_.read_at(recording_, name_, size_bytes_, block));
    hash_.update(std::span(block).first(got));
    size_bytes_ += got;
    if (got == block.size()) continue;  // there may be more
    SealedTrackFile file;
    file.name = name_;
    file.empty = false;
    BOOST_OUTCOME_TRY(file.header_sha256, header_sha256());
    file.size_bytes = size_bytes_;
    file.sha256 = hash_.finish();
    return std::optional(std::move(file));
  } while (std::chrono::steady_clock::now() < when);
  return std::optional<SealedTrackFile>();
}

Result<crypto::Digest> Measuring::header_sha256() const {
  crypto::Bytes head(crypto::max_header_bytes);
  BOOST_OUTCOME_TRY(const std::size_t got, blobs_.read_at(recording_, name_, 0, head));
  head.resize(got);
  const auto parsed = crypto::parse_whole_header(head);
  if (!parsed) return crypto::Digest{};
  return crypto::sha256(std::span(head).first(parsed.value().size_bytes));
}

}  // namespace unavoce::recorder
