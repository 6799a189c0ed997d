// DSSE v1 envelopes (github.com/secure-systems-lab/dsse): what is signed, verbatim, with its type and its signatures.
//
// The signature covers PAE(type, body), never the JSON around it; the id of a statement is SHA-256 of that PAE.
// Owner: values. Thread: any. Errors: Errc::malformed, Errc::too_large. Parsing verifies nothing; see signed_by().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"

namespace unavoce::crypto {

inline constexpr std::size_t max_envelope_bytes = 64 * 1024;

/// One signature; `keyid` is only a hint which key made it and proves nothing.
struct EnvelopeSignature {
  std::string keyid;
  Signature sig;
};

struct Envelope {
  std::string payload_type;
  Bytes payload;
  std::vector<EnvelopeSignature> signatures;
};

/// Reads {"payloadType","payload","signatures":[{"keyid","sig"}]}: at most 64 KiB, strict JSON, exactly these keys,
/// canonical standard base64, 64-byte signatures, at least one of them.
Result<Envelope> parse_envelope(std::string_view json);

/// The envelope in the form that parse_envelope() reads, without white space.
std::string serialise(const Envelope& envelope);

/// "DSSEv1 " len(type) " " type " " len(body) " " body, the bytes that are signed.
Bytes pae(std::string_view type, ByteView body);

/// SHA-256 of pae(type, body).
Digest statement_id(std::string_view type, ByteView body);

/// Whether signature number `index` exists, carries this key's text as keyid and is valid over type and payload.
bool signed_by(const Envelope& envelope, std::size_t index, const PublicKey& key);

/// Appends the signature of `key` over type and payload, with the text of its public key as keyid.
void add_signature(Envelope& envelope, const SigningKey& key);

}  // namespace unavoce::crypto
