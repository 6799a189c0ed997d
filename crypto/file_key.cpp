#include "crypto/file_key.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "crypto/base64raw.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/random.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view x25519_type = "X25519";
constexpr std::string_view x25519_info = "age-encryption.org/v1/X25519";
constexpr std::string_view scrypt_type = "scrypt";
constexpr std::string_view scrypt_label = "age-encryption.org/v1/scrypt";
constexpr std::size_t scrypt_salt_bytes = 16;
constexpr std::size_t body_bytes = 16 + crypto_aead_chacha20poly1305_ietf_ABYTES;
// Fixed by the spec: a wrap key is used for one file key only.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> zero_nonce{};

Error malformed(std::string why) {
  return {Errc::malformed, "not a valid age header: " + std::move(why)};
}

Bytes seal_body(const Secret<32>& wrap_key, const FileKey& key) {
  Bytes body(body_bytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(body.data(), nullptr, key.view().data(), key.view().size(), nullptr, 0,
                                            nullptr, zero_nonce.data(), wrap_key.view().data());
  return body;
}

/// The caller has checked that the body has body_bytes: with a free choice of length, one body could be made to open
/// under many keys (partitioning oracle).
std::optional<FileKey> open_body(const Secret<32>& wrap_key, ByteView body) {
  FileKey key;
  if (crypto_aead_chacha20poly1305_ietf_decrypt(key.writable().data(), nullptr, nullptr, body.data(), body.size(),
                                                nullptr, 0, zero_nonce.data(), wrap_key.view().data()) != 0) {
    return std::nullopt;
  }
  return key;
}

Secret<32> x25519_wrap_key(const Secret<32>& shared, ByteView share, const Recipient& recipient) {
  Bytes salt(share.begin(), share.end());
  salt.insert(salt.end(), recipient.bytes().begin(), recipient.bytes().end());
  Secret<32> key;
  hkdf_sha256(shared.view(), salt, x25519_info, key.writable());
  return key;
}

/// The ephemeral share of an X25519 stanza.
Result<std::array<std::uint8_t, 32>> read_share(const Stanza& stanza) {
  if (stanza.args.size() != 1) return malformed("an X25519 stanza needs exactly one argument");
  const auto bytes = from_base64raw(stanza.args.front());
  std::array<std::uint8_t, 32> share{};
  if (!bytes || bytes.value().size() != share.size()) return malformed("the share of an X25519 stanza is not 32 bytes");
  if (stanza.body.size() != body_bytes) return malformed("the body of an X25519 stanza is not 32 bytes");
  std::ranges::copy(bytes.value(), share.begin());
  return share;
}

/// A scrypt stanza must stand alone: whoever opens a file with a passphrase takes it for authentic.
Result<void> check_scrypt_alone(std::span<const Stanza> stanzas) {
  const bool has_scrypt = std::ranges::any_of(stanzas, [](const Stanza& s) { return s.type == scrypt_type; });
  if (has_scrypt && stanzas.size() != 1) return malformed("a passphrase (scrypt) stanza must be the only one");
  return boost::outcome_v2::success();
}

std::optional<Secret<32>> scrypt_key(ByteView passphrase, ByteView salt, unsigned work_factor) {
  Bytes full_salt(as_bytes(scrypt_label).begin(), as_bytes(scrypt_label).end());
  full_salt.insert(full_salt.end(), salt.begin(), salt.end());
  Secret<32> key;
  if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase.data(), passphrase.size(), full_salt.data(), full_salt.size(),
                                            std::uint64_t{1} << work_factor, 8, 1, key.writable().data(), 32) != 0) {
    return std::nullopt;
  }
  return key;
}

Error no_memory_for_scrypt(unsigned work_factor) {
  return {Errc::too_large, "scrypt with work factor " + std::to_string(work_factor) +
                               " needs more memory than this machine gives us; free some and try again"};
}

/// "^[1-9][0-9]*$", and not beyond our limit.
Result<unsigned> read_work_factor(const std::string& text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits || text.front() == '0')
    return malformed("the scrypt work factor is not a decimal number");
  const unsigned factor = text.size() > 2 ? max_scrypt_work_factor + 1 : static_cast<unsigned>(std::stoul(text));
  if (factor > max_scrypt_work_factor) {
    return Error{Errc::too_large, "scrypt work factor " + text.substr(0, 8) + " is beyond our limit of " +
                                      std::to_string(max_scrypt_work_factor) + "; seal the file again with less"};
  }
  return factor;
}

Digest header_mac(std::span<const Stanza> stanzas, const FileKey& key) {
  Secret<32> mac_key;
  hkdf_sha256(key.view(), {}, "header", mac_key.writable());
  const std::string covered = mac_input(stanzas);
  return hmac_sha256(mac_key.view(), as_bytes(covered));
}

}  // namespace

Stanza wrap_for(const Recipient& recipient, const FileKey& key) {
  const Identity ephemeral = Identity::generate();
  const auto shared = ephemeral.shared_secret(recipient.bytes());
  if (!shared) throw std::logic_error("a Recipient is never of low order");
  const auto share = ephemeral.recipient().bytes();
  return {std::string(x25519_type),
          {to_base64raw(share)},
          seal_body(x25519_wrap_key(shared.value(), share, recipient), key)};
}

Result<Stanza> wrap_for_passphrase(ByteView passphrase, const FileKey& key, unsigned work_factor) {
  const auto salt = random_array<scrypt_salt_bytes>();
  const auto wrap_key = scrypt_key(passphrase, salt, work_factor);
  if (!wrap_key) return no_memory_for_scrypt(work_factor);
  return Stanza{std::string(scrypt_type), {to_base64raw(salt), std::to_string(work_factor)}, seal_body(*wrap_key, key)};
}

Result<FileKey> unwrap(std::span<const Stanza> stanzas, std::span<const Identity> identities) {
  BOOST_OUTCOME_TRY(check_scrypt_alone(stanzas));
  if (!stanzas.empty() && stanzas.front().type == scrypt_type) {
    return Error{Errc::not_for_you, "this file is sealed with a passphrase, not to a key"};
  }
  std::optional<FileKey> found;
  for (const Stanza& stanza : stanzas) {
    if (stanza.type != x25519_type) continue;
    BOOST_OUTCOME_TRY(const auto share, read_share(stanza));
    for (auto identity = identities.begin(); identity != identities.end() && !found; ++identity) {
      BOOST_OUTCOME_TRY(const auto shared, identity->shared_secret(share));
      found = open_body(x25519_wrap_key(shared, share, identity->recipient()), stanza.body);
    }
  }
  if (!found)
    return Error{Errc::not_for_you, "none of the given identities opens this file; it is sealed to other keys"};
  return std::move(*found);
}

Result<FileKey> unwrap_with_passphrase(std::span<const Stanza> stanzas, ByteView passphrase) {
  BOOST_OUTCOME_TRY(check_scrypt_alone(stanzas));
  if (stanzas.empty() || stanzas.front().type != scrypt_type) {
    return Error{Errc::not_for_you, "this file is not sealed with a passphrase; give an identity file"};
  }
  const Stanza& stanza = stanzas.front();
  if (stanza.args.size() != 2) return malformed("a scrypt stanza needs exactly two arguments");
  const auto salt = from_base64raw(stanza.args[0]);
  if (!salt || salt.value().size() != scrypt_salt_bytes)
    return malformed("the salt of a scrypt stanza is not 16 bytes");
  BOOST_OUTCOME_TRY(const unsigned work_factor, read_work_factor(stanza.args[1]));
  if (stanza.body.size() != body_bytes) return malformed("the body of a scrypt stanza is not 32 bytes");

  const auto wrap_key = scrypt_key(passphrase, salt.value(), work_factor);
  if (!wrap_key) return no_memory_for_scrypt(work_factor);
  auto key = open_body(*wrap_key, stanza.body);
  if (!key) return Error{Errc::wrong_passphrase, "the passphrase does not open this file"};
  return std::move(*key);
}

Result<void> check_mac(const Header& header, const FileKey& key) {
  if (equal_constant_time(header_mac(header.stanzas, key), header.mac)) return boost::outcome_v2::success();
  return Error{Errc::damaged, "the header of the file was changed after it was sealed (its MAC does not match)"};
}

Secret<32> payload_key(const FileKey& key, ByteView nonce) {
  Secret<32> derived;
  hkdf_sha256(key.view(), nonce, "payload", derived.writable());
  return derived;
}

FileStart start_file(const FileKey& key, std::vector<Stanza> stanzas) {
  Header header{std::move(stanzas), {}};
  header.mac = header_mac(header.stanzas, key);
  const std::string text = serialise(header);
  const auto nonce = random_array<payload_nonce_bytes>();
  Bytes head(as_bytes(text).begin(), as_bytes(text).end());
  head.insert(head.end(), nonce.begin(), nonce.end());
  return {std::move(head), text.size(), payload_key(key, nonce)};
}

}  // namespace unavoce::crypto
