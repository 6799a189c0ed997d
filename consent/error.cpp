#include "consent/error.hpp"

namespace unavoce::consent {
namespace {

Errc from(crypto::Errc code) noexcept {
  switch (code) {
    case crypto::Errc::bad_signature:
    case crypto::Errc::weak_key:
      return Errc::bad_signature;
    case crypto::Errc::damaged:
      return Errc::damaged;
    case crypto::Errc::io:
    case crypto::Errc::hardening:
      return Errc::storage;
    case crypto::Errc::malformed:
    case crypto::Errc::not_for_you:
    case crypto::Errc::wrong_passphrase:
    case crypto::Errc::too_large:
    case crypto::Errc::unsupported:
      return Errc::malformed;
  }
  return Errc::malformed;
}

}  // namespace

std::string_view name_of(Errc code) noexcept {
  switch (code) {
    case Errc::malformed:
      return "malformed";
    case Errc::bad_signature:
      return "bad_signature";
    case Errc::wrong_kind:
      return "wrong_kind";
    case Errc::unknown_reference:
      return "unknown_reference";
    case Errc::expired:
      return "expired";
    case Errc::replayed:
      return "replayed";
    case Errc::not_permitted:
      return "not_permitted";
    case Errc::conflict:
      return "conflict";
    case Errc::ledger_falsified:
      return "ledger_falsified";
    case Errc::storage:
      return "storage";
    case Errc::damaged:
      return "damaged";
  }
  return "unknown";
}

Error::Error(const crypto::Error& below) : code(from(below.code)), text(below.text) {}

Error::Error(const storage::Error& below)
    : code(below.code == storage::Errc::corrupt ? Errc::damaged : Errc::storage), text(below.text) {}

}  // namespace unavoce::consent
