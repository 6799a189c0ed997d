#include "server/error.hpp"

#include <cerrno>

namespace unavoce::server {
namespace {

Errc code_of(consent::Errc code) {
  switch (code) {
    case consent::Errc::malformed:
    case consent::Errc::wrong_kind:
    case consent::Errc::bad_signature:
      return Errc::malformed;
    case consent::Errc::unknown_reference:
      return Errc::not_found;
    case consent::Errc::expired:
    case consent::Errc::replayed:
    case consent::Errc::conflict:
    case consent::Errc::ledger_falsified:
      return Errc::conflict;
    case consent::Errc::not_permitted:
      return Errc::forbidden;
    case consent::Errc::storage:
      return Errc::unavailable;
    case consent::Errc::damaged:
      return Errc::io;
  }
  return Errc::io;
}

Errc code_of(recorder::Errc code) {
  switch (code) {
    case recorder::Errc::bad_offer:
      return Errc::malformed;
    case recorder::Errc::unsupported:
      return Errc::unprocessable;
    case recorder::Errc::busy:
    case recorder::Errc::no_port:
      return Errc::unavailable;
    case recorder::Errc::not_found:
      return Errc::not_found;
    case recorder::Errc::conflict:
      return Errc::conflict;
    default:
      return Errc::io;
  }
}

/// A disk that is full or fails is the same to whoever asks, whichever file it was.
Error of_disk(const storage::Error& below) {
  switch (below.code) {
    case storage::Errc::not_found:
      return {Errc::not_found, below.text};
    case storage::Errc::no_space:
    case storage::Errc::io:
    case storage::Errc::locked:
      return {Errc::unavailable, below.text, std::string(consent::name_of(consent::Errc::storage))};
    default:
      return {Errc::io, below.text};
  }
}

}  // namespace

Errc code_of_os_error(int os_error) noexcept {
  switch (os_error) {
    case 0:
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case EAFNOSUPPORT:
      return Errc::io;
    default:
      return Errc::unavailable;
  }
}

Error::Error(const consent::Error& below)
    : Error(code_of(below.code), below.text, std::string(consent::name_of(below.code))) {}
Error::Error(const recorder::Error& below) : Error(code_of(below.code), below.text) {}
Error::Error(const storage::Error& below) : Error(of_disk(below)) {}
Error::Error(const crypto::Error& below) : Error(Errc::malformed, below.text) {}

}  // namespace unavoce::server
