// The words of docs/FORMATS.md for the enumerations of statement_types.hpp.
#include "consent/statement_types.hpp"

namespace unavoce::consent {

std::string_view name_of(Role role) noexcept {
  return role == Role::host ? "host" : "participant";
}

std::string_view name_of(RecipientRole role) noexcept {
  return role == RecipientRole::host ? "host" : "escrow";
}

std::string_view name_of(WithdrawalErases extent) noexcept {
  return extent == WithdrawalErases::own_tracks ? "own_tracks" : "whole_takes";
}

std::string_view name_of(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::stopped:
      return "stopped";
    case EndReason::late_join:
      return "late_join";
    case EndReason::left:
      return "left";
    case EndReason::refused:
      return "refused";
    case EndReason::withdrawn:
      return "withdrawn";
    case EndReason::new_approval:
      return "new_approval";
    case EndReason::expired:
      return "expired";
    case EndReason::host_left:
      return "host_left";
    case EndReason::room_changed:
      return "room_changed";
    case EndReason::interrupted:
      return "interrupted";
    case EndReason::fault:
      return "fault";
    case EndReason::ended:
      return "ended";
  }
  return "unknown";
}

std::string_view name_of(ErasedReason reason) noexcept {
  switch (reason) {
    case ErasedReason::withdrawal:
      return "withdrawal";
    case ErasedReason::retention:
      return "retention";
    case ErasedReason::room_deleted:
      return "room_deleted";
    case ErasedReason::recording_deleted:
      return "recording_deleted";
  }
  return "unknown";
}

}  // namespace unavoce::consent
