#include "storage/error.hpp"

#include <cerrno>
#include <cstring>

namespace unavoce::storage {

namespace {

Errc code_of(int os_error) {
  switch (os_error) {
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    case ENOENT:
      return Errc::not_found;
    case EEXIST:
      return Errc::exists;
    case EWOULDBLOCK:
      return Errc::locked;
    default:
      return Errc::io;
  }
}

const char* remedy_for(int os_error) {
  switch (os_error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space or give the data folder a larger volume";
    case EACCES:
    case EPERM:
      return "; the data folder must belong to the user that runs the service";
    case EROFS:
      return "; the volume is mounted read-only, look for disk errors in the kernel log";
    case EIO:
      return "; the disk reports errors, look into the kernel log";
    default:
      return "";
  }
}

}  // namespace

Error system_error(std::string_view step, std::string_view path, int os_error) {
  std::string text = "cannot ";
  text.append(step).append(" ").append(path).append(": ").append(std::strerror(os_error)).append(remedy_for(os_error));
  return Error{code_of(os_error), os_error, std::move(text)};
}

}  // namespace unavoce::storage
