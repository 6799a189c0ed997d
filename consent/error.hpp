// What can go wrong when statements of consent are read, checked or kept.
// Owner: consent/. Values; any thread. The text says what, which, why, and what to do; it never holds a secret.
// Errors of the folders below convert, so that BOOST_OUTCOME_TRY passes them upwards.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/error.hpp"
#include "storage/error.hpp"

namespace unavoce::consent {

/// The classes of failure that a caller may want to tell apart (the server maps each to one HTTP status and code).
enum class Errc : std::uint8_t {
  malformed,          ///< not a statement, or a field is outside of what docs/FORMATS.md allows
  bad_signature,      ///< a signature does not verify, or is by another key than the body names
  wrong_kind,         ///< a good statement, of another kind than was asked for
  unknown_reference,  ///< it names a statement, room, recording or participant that is not the one at hand
  expired,            ///< too late, or dated in the future
  replayed,           ///< the challenge, key or wrapped key was used before
  not_permitted,      ///< who signed it may not say it
  conflict,           ///< it contradicts what is already in force
  ledger_falsified,   ///< who signed it has seen another ledger than this one
  storage,            ///< disk or database
  damaged,            ///< stored evidence does not agree with itself
};

/// The name of a code as stable snake_case word, for problem documents and logs.
std::string_view name_of(Errc code) noexcept;

/// A failure in use. Never thrown.
struct Error {
  Errc code;
  std::string text;

  Error(Errc failure, std::string what) : code(failure), text(std::move(what)) {}
  Error(const crypto::Error& below);   // NOLINT(google-explicit-constructor): layers convert upwards
  Error(const storage::Error& below);  // NOLINT(google-explicit-constructor)
};

/// A value or an Error; looking at the wrong one ends the program.
template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

}  // namespace unavoce::consent
