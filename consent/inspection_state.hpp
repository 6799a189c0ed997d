// What the steps of an inspection hand to one another. Private to inspection*.cpp. Thread: as inspection.hpp.
#pragma once

#include "consent/inspection.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/ledger_store.hpp"
#include "consent/rules.hpp"

namespace unavoce::consent {

/// An entry as a link of its recording's chain.
struct ChainLink {
  std::uint64_t index = 0;
  std::uint64_t sequence = 0;
  std::string kind;
  std::optional<crypto::Digest> previous;
  crypto::Digest commitment{};
};

/// An approval with what the tables must hold of it.
struct ApprovalState {
  std::string recording;
  Approval body;
};

struct InspectionState {
  LedgerStore& store;
  LedgerInspection& result;
  TimeMs now;
  std::map<std::string, std::vector<ChainLink>> chains;
  std::map<StatementId, Room> rooms;
  std::map<std::string, Request> requests;
  std::map<StatementId, ApprovalState> approvals;
  std::map<std::string, std::vector<ApprovalRow>> approval_rows;
  std::map<std::string, std::vector<WithdrawalRow>> withdrawal_rows;
  std::map<std::string, std::vector<Take>> takes;
  std::set<StatementId> withdrawn;  ///< approvals of which nothing is left

  void fault(DamageKind kind, std::string subject, std::string text) {
    result.faults.push_back({kind, std::move(subject), std::move(text)});
  }
};

/// Takes in what a statement says; a fault if it is not a good statement of this recording.
void take_in_statement(InspectionState& state, const Entry& entry, const std::string& subject);
/// After all statements: which approvals and files withdrawals cover.
void apply_withdrawals(InspectionState& state);
/// The tables beside the entries: recordings, consent keys, wrapped keys and their slots.
void inspect_tables(InspectionState& state, const storage::ErasureSlots* slots);

}  // namespace unavoce::consent
