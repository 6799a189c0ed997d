#include "server/body_sources.hpp"

#include <algorithm>
#include <cstring>

namespace unavoce::server {
namespace {

class BlobSource final : public BodySource {
 public:
  BlobSource(storage::BlobStore& blobs, std::string recording, std::string name, ByteRange range)
      : blobs_(blobs),
        recording_(std::move(recording)),
        name_(std::move(name)),
        next_(range.first),
        end_(range.last + 1),
        size_bytes_(end_ - next_) {}

  std::optional<std::uint64_t> size_bytes() const override { return size_bytes_; }

  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end_ - next_));
    if (wanted == 0) return std::size_t{0};
    BOOST_OUTCOME_TRY(const std::size_t got, blobs_.read_at(recording_, name_, next_, out.first(wanted)));
    if (got == 0) return Error(Errc::io, "the track file became shorter while it was read");
    next_ += got;
    return got;
  }

 private:
  storage::BlobStore& blobs_;
  std::string recording_;
  std::string name_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::uint64_t size_bytes_;
};

class BundleBody final : public BodySource {
 public:
  BundleBody(consent::BundleWriter writer, LongReads::Held held) : writer_(std::move(writer)), held_(std::move(held)) {}

  std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }

  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    if (used_ == piece_.size()) {
      BOOST_OUTCOME_TRY(piece_, writer_.next());
      used_ = 0;
      if (writer_.only_tracks_are_left()) held_.shrink_to(0);
    }
    const std::size_t count = std::min(out.size(), piece_.size() - used_);
    if (count > 0) std::memcpy(out.data(), piece_.data() + used_, count);
    used_ += count;
    return count;
  }

 private:
  consent::BundleWriter writer_;
  LongReads::Held held_;
  crypto::Bytes piece_;
  std::size_t used_ = 0;
};

class TextBody final : public BodySource {
 public:
  TextBody(std::string text, LongReads::Held held) : text_(std::move(text)), held_(std::move(held)) {}

  std::optional<std::uint64_t> size_bytes() const override { return text_.size(); }

  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(out.size(), text_.size() - used_);
    if (count > 0) std::memcpy(out.data(), text_.data() + used_, count);
    used_ += count;
    return count;
  }

 private:
  std::string text_;
  LongReads::Held held_;
  std::size_t used_ = 0;
};

}  // namespace

std::unique_ptr<BodySource> blob_source(storage::BlobStore& blobs, std::string recording, std::string name,
                                        ByteRange range) {
  return std::make_unique<BlobSource>(blobs, std::move(recording), std::move(name), range);
}

std::unique_ptr<BodySource> text_source(std::string text, LongReads::Held held) {
  return std::make_unique<TextBody>(std::move(text), std::move(held));
}

Result<std::unique_ptr<BodySource>> bundle_source(storage::BlobStore& blobs, consent::BundleContents contents,
                                                  LongReads::Held held) {
  std::string recording = contents.recording;
  auto read_track = [&blobs, recording](std::string_view name, std::uint64_t offset,
                                        std::span<std::uint8_t> out) -> consent::Result<std::size_t> {
    BOOST_OUTCOME_TRY(const std::size_t got, blobs.read_at(recording, name, offset, out));
    return got;
  };
  BOOST_OUTCOME_TRY(auto writer, consent::BundleWriter::create(std::move(contents), std::move(read_track)));
  return std::unique_ptr<BodySource>(std::make_unique<BundleBody>(std::move(writer), std::move(held)));
}

}  // namespace unavoce::server
