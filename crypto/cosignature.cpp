#include "crypto/cosignature.hpp"

#include <algorithm>
#include <utility>

#include "crypto/note_format.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::size_t time_bytes = 8;
constexpr std::uint64_t max_time = INT64_MAX;  // so says the specification

/// What is signed: the time, and the text of the note.
std::string message_of(std::string_view note_text, std::uint64_t unix_seconds) {
  return ("cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n").append(note_text);
}

}  // namespace

CosignatureVerifier::CosignatureVerifier(std::string name, const PublicKey& key)
    : name_(std::move(name)), key_id_(note_key_id(cosignature_type, name_, key)), key_(key) {}

Result<CosignatureVerifier> CosignatureVerifier::parse(std::string_view vkey) {
  BOOST_OUTCOME_TRY(const auto parts, split_vkey(vkey, cosignature_type));
  return CosignatureVerifier(std::string(parts.name), parts.key);
}

Result<CosignatureVerifier> CosignatureVerifier::from_key(std::string_view name, const PublicKey& key) {
  if (!is_key_name(name)) return bad_key_name();
  return CosignatureVerifier(std::string(name), key);
}

std::string CosignatureVerifier::vkey() const {
  return name_ + "+" + to_hex(key_id_) + "+" + to_base64(typed_key(cosignature_type, key_));
}

Result<std::optional<std::uint64_t>> CosignatureVerifier::check(const SignatureLine& line,
                                                                std::string_view text) const {
  if (line.name != name_ || line.key_id != key_id_) return std::optional<std::uint64_t>();
  const Error wrong{Errc::bad_signature, "the cosignature of " + name_ + " is wrong"};
  Signature signature;
  if (line.signature.size() != time_bytes + signature.size()) return wrong;
  std::uint64_t time = 0;
  for (const std::uint8_t byte : ByteView(line.signature).first(time_bytes)) time = time << 8 | byte;
  std::ranges::copy(ByteView(line.signature).subspan(time_bytes), signature.begin());
  if (time == 0 || time > max_time || !verify(key_, as_bytes(message_of(text, time)), signature)) return wrong;
  return std::optional(time);
}

Result<std::optional<std::uint64_t>> CosignatureVerifier::time_in(std::string_view note) const {
  BOOST_OUTCOME_TRY(const auto parts, split_note(note));
  std::optional<std::uint64_t> latest;
  for (const SignatureLine& line : parts.signatures) {
    BOOST_OUTCOME_TRY(const auto time, check(line, parts.text));
    latest = std::max(latest, time);
  }
  return latest;
}

Result<Cosignature> CosignatureVerifier::pick(std::string_view lines, std::string_view note_text) const {
  BOOST_OUTCOME_TRY(const auto signatures, split_signature_lines(lines));
  for (const SignatureLine& line : signatures) {
    BOOST_OUTCOME_TRY(const auto time, check(line, note_text));
    if (time) return Cosignature{format_signature_line(name_, key_id_, line.signature), *time};
  }
  return Error{Errc::bad_signature, "there is no cosignature of " + name_ + " in the answer"};
}

Cosigner::Cosigner(CosignatureVerifier verifier, SigningKey key) noexcept
    : verifier_(std::move(verifier)), key_(std::move(key)) {}

Result<Cosigner> Cosigner::create(std::string_view name, SigningKey key) {
  BOOST_OUTCOME_TRY(auto verifier, CosignatureVerifier::from_key(name, key.public_key()));
  return Cosigner(std::move(verifier), std::move(key));
}

std::string Cosigner::cosign(std::string_view note_text, std::uint64_t unix_seconds) const {
  Bytes bytes;
  for (unsigned shift = 64; shift != 0;) bytes.push_back(static_cast<std::uint8_t>(unix_seconds >> (shift -= 8)));
  const Signature signature = key_.sign(as_bytes(message_of(note_text, unix_seconds)));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return format_signature_line(verifier_.name(), note_key_id(cosignature_type, verifier_.name(), key_.public_key()),
                               bytes);
}

}  // namespace unavoce::crypto
