#include "cli/error.hpp"

namespace unavoce::cli {

namespace {

ExitCode exit_code_of(crypto::Errc code) {
  switch (code) {
    case crypto::Errc::not_for_you:
    case crypto::Errc::wrong_passphrase:
      return ExitCode::not_for_you;
    case crypto::Errc::io:
    case crypto::Errc::hardening:
      return ExitCode::io;
    default:
      return ExitCode::failed;
  }
}

}  // namespace

std::string_view name_of(ExitCode code) noexcept {
  switch (code) {
    case ExitCode::ok:
      return "ok";
    case ExitCode::failed:
      return "failed";
    case ExitCode::usage:
      return "usage";
    case ExitCode::not_for_you:
      return "not_for_you";
    case ExitCode::io:
      return "io";
    case ExitCode::pending:
      return "pending";
  }
  return "failed";
}

Error::Error(const crypto::Error& below) : code(exit_code_of(below.code)), text(below.text) {}

Error::Error(const storage::Error& below)
    : code(below.code == storage::Errc::corrupt ? ExitCode::failed : ExitCode::io), text(below.text) {}

Error::Error(const consent::Error& below)
    : code(below.code == consent::Errc::storage ? ExitCode::io : ExitCode::failed), text(below.text) {}

}  // namespace unavoce::cli
