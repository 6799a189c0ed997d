#include "crypto/age.hpp"

#include <algorithm>

#include "crypto/file_key.hpp"

namespace unavoce::crypto {

Result<Sealer> Sealer::to(std::span<const Recipient> recipients, Sink sink) {
  if (recipients.empty()) return Error{Errc::malformed, "an age file needs at least one recipient"};
  const FileKey key = FileKey::random();
  std::vector<Stanza> stanzas;
  for (const Recipient& recipient : recipients) stanzas.push_back(wrap_for(recipient, key));
  return start(key, std::move(stanzas), std::move(sink));
}

Result<Sealer> Sealer::with_passphrase(ByteView passphrase, Sink sink) {
  if (passphrase.empty()) return Error{Errc::malformed, "an empty passphrase protects nothing"};
  const FileKey key = FileKey::random();
  BOOST_OUTCOME_TRY(auto stanza, wrap_for_passphrase(passphrase, key));
  return start(key, {std::move(stanza)}, std::move(sink));
}

Result<Sealer> Sealer::start(const FileKey& file_key, std::vector<Stanza> stanzas, Sink sink) {
  const FileStart file = start_file(file_key, std::move(stanzas));
  if (file.header_bytes > max_header_bytes) {
    return Error{Errc::too_large, "with so many recipients the header would exceed 64 KiB; use fewer"};
  }
  BOOST_OUTCOME_TRY(sink(file.head));
  return Sealer(file.payload_key, std::move(sink));
}

Opener Opener::with(std::span<const Identity> identities, Sink sink) {
  return Opener([identities](std::span<const Stanza> stanzas) { return unwrap(stanzas, identities); }, std::move(sink));
}

Opener Opener::with_passphrase(ByteView passphrase, Sink sink) {
  // std::function wants copyable captures; SecretBytes is not.
  auto kept = std::make_shared<const SecretBytes>(SecretBytes::from(passphrase));
  return Opener([kept](std::span<const Stanza> stanzas) { return unwrap_with_passphrase(stanzas, kept->view()); },
                std::move(sink));
}

Result<void> Opener::write(ByteView sealed) {
  if (error_) return *error_;
  while (!stream_ && !sealed.empty()) {
    const ByteView part = sealed.first(std::min(sealed.size(), max_header_bytes));
    start_.insert(start_.end(), part.begin(), part.end());
    sealed = sealed.subspan(part.size());
    if (auto result = read_header(); !result) {
      error_ = result.error();
      return result;
    }
  }
  return stream_ ? stream_->write(sealed, sink_) : boost::outcome_v2::success();
}

/// Goes from collecting the header to streaming as soon as header and payload nonce are there.
Result<void> Opener::read_header() {
  BOOST_OUTCOME_TRY(const auto parsed, parse_header(start_));
  if (!parsed || start_.size() < parsed->size_bytes + payload_nonce_bytes) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(const auto key, unwrap_(parsed->header.stanzas));
  BOOST_OUTCOME_TRY(check_mac(parsed->header, key));
  const ByteView rest = ByteView(start_).subspan(parsed->size_bytes);
  stream_.emplace(payload_key(key, rest.first(payload_nonce_bytes)));
  const Bytes payload(rest.begin() + payload_nonce_bytes, rest.end());
  start_ = {};
  unwrap_ = nullptr;
  return stream_->write(payload, sink_);
}

Result<void> Opener::finish() {
  if (error_) return *error_;
  if (stream_) return stream_->finish(sink_);
  error_ = Error{Errc::malformed, "not a valid age file: it ends before its payload begins"};
  return *error_;
}

namespace {

/// Seals a buffer with what `make` gives for a sink.
template <class Make>
Result<Bytes> seal_buffer(ByteView plain, const Make& make) {
  Bytes sealed;
  BOOST_OUTCOME_TRY(auto sealer, make([&sealed](ByteView bytes) -> Result<void> {
                      sealed.insert(sealed.end(), bytes.begin(), bytes.end());
                      return boost::outcome_v2::success();
                    }));
  BOOST_OUTCOME_TRY(sealer.write(plain));
  BOOST_OUTCOME_TRY(sealer.finish());
  return sealed;
}

/// Opens a buffer into secret memory of exactly the right size; nothing is returned unless all of it is authentic.
template <class Make>
Result<SecretBytes> open_buffer(ByteView sealed, const Make& make) {
  SecretBytes work(sealed.size());  // the plaintext is always shorter
  std::size_t size = 0;
  Opener opener = make([&](ByteView bytes) -> Result<void> {
    std::ranges::copy(bytes, work.writable().subspan(size).begin());
    size += bytes.size();
    return boost::outcome_v2::success();
  });
  BOOST_OUTCOME_TRY(opener.write(sealed));
  BOOST_OUTCOME_TRY(opener.finish());
  return SecretBytes::from(work.view().first(size));
}

}  // namespace

Result<Bytes> seal(ByteView plain, std::span<const Recipient> recipients) {
  return seal_buffer(plain, [&](Sink sink) { return Sealer::to(recipients, std::move(sink)); });
}

Result<Bytes> seal_with_passphrase(ByteView plain, ByteView passphrase) {
  return seal_buffer(plain, [&](Sink sink) { return Sealer::with_passphrase(passphrase, std::move(sink)); });
}

Result<SecretBytes> open(ByteView sealed, std::span<const Identity> identities) {
  return open_buffer(sealed, [&](Sink sink) { return Opener::with(identities, std::move(sink)); });
}

Result<SecretBytes> open_with_passphrase(ByteView sealed, ByteView passphrase) {
  return open_buffer(sealed, [&](Sink sink) { return Opener::with_passphrase(passphrase, std::move(sink)); });
}

Result<std::size_t> count_x25519_stanzas(ByteView sealed) {
  BOOST_OUTCOME_TRY(const auto parsed, parse_whole_header(sealed));
  return static_cast<std::size_t>(
      std::ranges::count_if(parsed.header.stanzas, [](const Stanza& stanza) { return stanza.type == "X25519"; }));
}

}  // namespace unavoce::crypto
