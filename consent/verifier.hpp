// The offline verifier: does this bundle prove that everybody approved before anything was recorded, and is it whole?
// It trusts nothing in the bundle but mathematics; what it cannot know (is this the right room?) it prints for
// comparison. Pure reading, any one thread, may take as long as reading every file twice. Bad bundles give findings,
// never crashes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "consent/bundle.hpp"
#include "consent/statements.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::consent {

enum class Verdict { passed, failed, not_checked };

/// One rule and everything that speaks against it. Each finding names the file or statement it is about.
struct RuleResult {
  std::string rule;   ///< stable word: bag, ledger, chain, room, request, answers, takes, order, seen, tracks, seals,
                      ///< withdrawals, keys, opening
  std::string title;  ///< for people
  Verdict verdict = Verdict::not_checked;
  std::vector<std::string> findings;
};

/// One line per answer.
struct ParticipantLine {
  std::string participant;  ///< hex id
  std::string name;         ///< from inside W; empty without a key
  std::string role;
  std::string answer;    ///< approved, refused, withdrawn
  std::string approval;  ///< hex id of the statement; of the refusal if refused
  std::vector<std::string> scope;
  std::vector<std::uint32_t> takes;  ///< takes whose roster names this approval
  std::uint64_t tracks = 0;          ///< track files here
  std::uint64_t size_bytes = 0;      ///< of these files
  Verdict signature = Verdict::not_checked;
  Verdict proof = Verdict::not_checked;
  Verdict files = Verdict::not_checked;          ///< hashes and headers of their track files
  Verdict countersigned = Verdict::not_checked;  ///< failed: in some take the roster is the service's word only
  Verdict opens = Verdict::not_checked;          ///< W and every track open (only with a key)
};

/// Everything of one person, that is of one key: all their answers, withdrawals and track files together.
struct PersonLine {
  std::string participant;        ///< hex id, of their first answer
  std::string name;               ///< from inside W; empty without a key
  std::string role;               ///< of their first answer
  std::vector<std::string> said;  ///< in the ledger's order: `approved audio+video`, `refused`, `took back all`
  std::string stands = "-";       ///< what their last answer grants now: `audio+video`, `nothing`; `-`: no approval
  std::vector<std::uint32_t> takes;
  std::uint64_t tracks = 0;
  std::uint64_t size_bytes = 0;
  /// As in ParticipantLine; one failure is one of the person.
  Verdict signature = Verdict::not_checked;
  Verdict proof = Verdict::not_checked;
  Verdict files = Verdict::not_checked;
  Verdict countersigned = Verdict::not_checked;
  Verdict opens = Verdict::not_checked;
};

struct Report {
  std::string recording;  ///< hex id
  std::string room_title;
  std::string fingerprint;  ///< of the room's signing key: compare with the invitation link
  std::string purpose;
  std::uint64_t entries = 0;
  std::vector<RuleResult> rules;
  std::vector<ParticipantLine> participants;  ///< one per answer, approvals first
  std::vector<PersonLine> people;             ///< one per person, in the order in which they answered first
  std::vector<std::string>
      notes;  ///< true and worth knowing, but no failure (for instance: roster is the service's word only)

  /// No rule failed.
  bool passed() const;
};

struct VerifyOptions {
  std::span<const crypto::Identity> room_identities;  ///< with them, W and tracks are opened too
  std::optional<crypto::PublicKey> pinned_room_key;   ///< if known from elsewhere: the room must be signed by it
  /// Called now and then with bytes read and bytes to read.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// Checks every rule it can, even after one failed.
Report verify_bundle(const Bundle& bundle, const VerifyOptions& options = {});

}  // namespace unavoce::consent
