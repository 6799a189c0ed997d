#pragma once
// How often one key may answer: approvals, confirmations, refusals and withdrawals are each written to the ledger and
// looked at by everybody's page, so that whoever sends them without end would keep others' takes and erasures waiting.
// What closes the gate or takes something back is not counted (meeting_statements.cpp says what is). Counted by the key
// that signed, so that nobody uses up what is another's. Owned by Meetings; control thread.

#include <chrono>
#include <string>

#include "consent/statement_types.hpp"
#include "server/rate_limit.hpp"

namespace unavoce::server {

class AnswerLimit {
 public:
  /// Each is counted by itself. `everything`: full withdrawals, of which the first of a key thus always passes.
  enum class What { approval, refusal, part, everything, again };

  /// Twenty at once for each key and recording, then one in three seconds. Errors: rate_limited (too_many_answers).
  Result<void> take(What what, const consent::RecordingId& recording, const crypto::PublicKey& key);
  /// The same for a statement that was heard before: whoever has it may send it again, not only its author.
  Result<void> take_again(const consent::StatementId& statement);

 private:
  Result<void> take(What what, const std::string& whose);

  RateLimit limit_{20, std::chrono::seconds(3)};
};

}  // namespace unavoce::server
