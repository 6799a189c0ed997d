// What may go wrong in a command, and the exit code that says so to scripts (docs/CLI.md).
//
// Owner: values. Thread: main. Errors of the folders below convert, so that BOOST_OUTCOME_TRY passes them upwards.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "consent/error.hpp"
#include "crypto/error.hpp"
#include "storage/error.hpp"

namespace unavoce::cli {

/// Stable: scripts depend on the numbers.
enum class ExitCode : int {
  ok = 0,
  failed = 1,       ///< a check failed, or the input is damaged or not what it should be
  usage = 2,        ///< the command line makes no sense
  not_for_you = 3,  ///< a good file, but the key or passphrase is another one
  io = 4,           ///< a file, the network or the machine refused
  pending = 5,      ///< a withdrawal is in effect, and its proof follows
};

/// The word for an exit code in JSON.
std::string_view name_of(ExitCode code) noexcept;

/// Why a command ended without doing what it should.
struct Error {
  ExitCode code;
  std::string text;

  Error(ExitCode exit_code, std::string what) : code(exit_code), text(std::move(what)) {}
  Error(const crypto::Error& below);   // NOLINT(google-explicit-constructor): layers convert upwards
  Error(const storage::Error& below);  // NOLINT(google-explicit-constructor)
  Error(const consent::Error& below);  // NOLINT(google-explicit-constructor)
};

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

}  // namespace unavoce::cli
