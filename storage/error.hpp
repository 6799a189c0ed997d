// What may go wrong in storage/: a code for the program, errno where there was one, a text for people.
//
// Owner: values, any thread. Every public function of the folder that may fail in use returns Result<T>; exceptions are
// left for broken invariants. Texts name the path and the step that failed, and what the operator can do.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace unavoce::storage {

enum class Errc : std::uint8_t {
  io,            ///< the operating system refused; os_error says why
  no_space,      ///< the volume or the quota is full
  not_found,     ///< nothing of that name, or a slot that was erased
  exists,        ///< the name is taken
  corrupt,       ///< what lies there is not what was written
  locked,        ///< another process or connection holds it
  invalid_name,  ///< a name that could leave the folder or clash with our own files
};

/// A failure of this folder; `os_error` is errno, or 0 where the operating system was not asked.
struct Error {
  Errc code;
  int os_error;
  std::string text;
};

/// A value or an Error. Asking for the one that is not there terminates; use BOOST_OUTCOME_TRY to pass errors on.
template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

/// The Error for a failed system call: "cannot <step> <path>: <strerror>", with the code that fits `os_error`.
Error system_error(std::string_view step, std::string_view path, int os_error);

}  // namespace unavoce::storage
