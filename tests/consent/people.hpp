// People, ids and keys for tests: fixed, distinct, and made from small numbers, so that a failure can be read.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "consent/ids.hpp"
#include "crypto/ed25519.hpp"

namespace unavoce::consent::test {

template <class AnyId>
AnyId id_of_number(std::uint64_t number) {
  typename AnyId::Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return AnyId(bytes);
}

inline crypto::SigningKey signing_key(std::uint8_t number) {
  const std::array<std::uint8_t, 32> seed{number, 1};
  return crypto::SigningKey::from_seed(seed).value();
}

/// Public keys are made once: the walks use them millions of times.
inline const crypto::PublicKey& key_of(std::size_t number) {
  static const auto keys = [] {
    std::vector<crypto::PublicKey> made;
    for (std::uint8_t i = 0; i < 32; ++i) made.push_back(signing_key(i).public_key());
    return made;
  }();
  return keys.at(number);
}

inline ParticipantId person(std::size_t number) {
  return id_of_number<ParticipantId>(number + 1);
}

}  // namespace unavoce::consent::test
