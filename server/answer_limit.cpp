#include "server/answer_limit.hpp"

namespace unavoce::server {

Result<void> AnswerLimit::take(What what, const consent::RecordingId& recording, const crypto::PublicKey& key) {
  return take(what, recording.hex() + key.text());
}

Result<void> AnswerLimit::take_again(const consent::StatementId& statement) {
  return take(What::again, statement.hex());
}

Result<void> AnswerLimit::take(What what, const std::string& whose) {
  const std::string bucket = std::to_string(static_cast<int>(what)) + " " + whose;
  if (limit_.take(bucket, std::chrono::steady_clock::now())) return boost::outcome_v2::success();
  return Error(Errc::rate_limited, "you answered too often in a short time; wait a few seconds and send it again",
               "too_many_answers");
}

}  // namespace unavoce::server
