// What may go wrong in crypto/: one code for the program, one text for people.
//
// Owner: whoever holds it; plain values, any thread. Every public function of the folder that may fail in use returns
// Result<T>; exceptions are left for broken invariants. No error text ever contains a secret.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>

namespace unavoce::crypto {

/// Kinds of failure, so that callers can tell "not for you" from "broken".
enum class Errc : std::uint8_t {
  malformed,         ///< the bytes or the text do not follow their format
  not_for_you,       ///< well-formed, but none of the given keys opens it
  damaged,           ///< authentication failed: changed, cut off or reordered
  weak_key,          ///< a key that proves or hides nothing (low order, not canonical, not on the curve)
  bad_signature,     ///< the signature does not belong to this text and key
  wrong_passphrase,  ///< the passphrase does not open it
  too_large,         ///< beyond a limit of ours
  unsupported,       ///< valid, but something we deliberately do not do
  io,                ///< a callback of the caller could not read or write
  hardening,         ///< the process cannot protect its secrets
};

/// A failure of this folder. `text` says what, which, why and what to do.
struct Error {
  Errc code;
  std::string text;
};

/// A value or an Error. Asking for the one that is not there terminates; use BOOST_OUTCOME_TRY to pass errors on.
template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

}  // namespace unavoce::crypto
