#pragma once
// Errors of the server folder. An Error becomes an RFC 9457 problem document (problem.hpp): `code` chooses the HTTP
// status, `word` is the stable snake_case word a program can rely on, `text` says what, which, why and what to do, and
// never holds a secret, a name or a token.

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "crypto/error.hpp"
#include "recorder/error.hpp"
#include "storage/error.hpp"

namespace unavoce::server {

enum class Errc {
  malformed,     // the request cannot be understood
  unauthorised,  // no or wrong credentials
  forbidden,     // known, but not allowed
  not_found,
  method,                 // method not allowed here
  conflict,               // contradicts what is stored
  gone,                   // existed, was erased
  precondition_failed,    // If-Match names another state of it
  precondition_required,  // If-Match is missing
  too_slow,               // the body dawdled
  too_large,
  media_type,     // content type not supported
  unprocessable,  // understood, but nothing in it can be used
  rate_limited,
  unavailable,  // cannot be done now, try again; a start that fails so is tried again by itself (main.cpp)
  config,       // a setting is wrong
  io,           // disk or network failed
};

/// The default stable word of a code, e.g. "not_found".
std::string_view default_word(Errc code) noexcept;

/// For what the operating system refused: unavailable where that may pass with nobody doing anything (a disk, a
/// network, a port that somebody still has), io where it stays (rights, names, links; 0: the system was not asked).
Errc code_of_os_error(int os_error) noexcept;

struct Error {
  Errc code;
  std::string text;
  std::string word;
  unsigned retry_after_s = 0;  // 0: as its status has it

  Error(Errc code_, std::string text_) : code(code_), text(std::move(text_)), word(default_word(code_)) {}
  Error(Errc code_, std::string text_, std::string word_)
      : code(code_), text(std::move(text_)), word(std::move(word_)) {}
  Error(const consent::Error&
            below);  // NOLINT(google-explicit-constructor): layers convert upwards; keeps consent's words
  Error(const recorder::Error& below);  // NOLINT(google-explicit-constructor)
  Error(const storage::Error& below);   // NOLINT(google-explicit-constructor)
  Error(const crypto::Error& below);    // NOLINT(google-explicit-constructor)
};

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

}  // namespace unavoce::server
