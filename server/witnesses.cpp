#include "server/witnesses.hpp"

#include <fstream>
#include <sstream>

#include "consent/ledger_growth.hpp"
#include "consent/witness.hpp"
#include "server/http_post.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::server {
namespace {

namespace fs = std::filesystem;

/// A witness that was asked with a size that it no longer remembers says which one it does; once more is for a race.
constexpr int kAttempts = 3;

constexpr const char* kWhatToDo =
    " No recording starts and nothing is written. Put back the newest state of the data folder; if it is lost, see "
    "\"A backup was restored\" in OPERATING.md.";

Error not_ours(const std::string& who, const std::string& why) {
  return {Errc::conflict, who + " has seen another ledger than this one: " + why};
}

/// Nothing if there is none.
Result<std::string> read_copy(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(path, failure)) {
    if (failure) return Error(Errc::io, path.string() + " cannot be looked at: " + failure.message());
    return std::string();
  }
  std::ifstream in(path, std::ios::binary);
  std::string text(consent::kMaxCheckpointBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.is_open()) return Error(Errc::io, path.string() + " cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

Witnesses::Witnesses(Services& services) : services_(services) {
  for (const WitnessSetting& setting : services.config.witnesses) asked_.push_back({setting, 0, {}});
}

consent::Checkpoint Witnesses::opened(const std::string& note) const {
  return consent::open_checkpoint(note, services_.ledger_identity).value();  // the ledger signed it itself
}

Task<Result<void>> Witnesses::compare() {
  const std::string note = co_await services_.in_database([&] { return services_.ledger.signed_checkpoint(); });
  const consent::Checkpoint checkpoint = opened(note);
  const fs::path& copy = services_.config.ledger_checkpoint_copy;
  if (asked_.empty() && copy.empty()) co_return boost::outcome_v2::success();
  std::size_t answers = 0;
  std::string silent;
  const auto hear = [&](const std::string& who, const Result<void>& outcome) -> Result<void> {
    if (outcome) ++answers;
    if (outcome) return boost::outcome_v2::success();
    if (outcome.error().code == Errc::conflict) return Error(Errc::config, outcome.error().text + kWhatToDo);
    silent += "\n  " + who + ": " + outcome.error().text;
    return boost::outcome_v2::success();
  };
  if (!copy.empty()) {
    auto compared = co_await compare_with_copy(note, checkpoint);
    BOOST_OUTCOME_CO_TRY(hear("ledger_checkpoint_copy", compared));
  }
  for (Asked& witness : asked_) {
    auto answer = co_await ask(witness, note, checkpoint);
    Result<void> outcome = answer ? Result<void>(boost::outcome_v2::success()) : Result<void>(answer.error());
    BOOST_OUTCOME_CO_TRY(hear(witness.setting.key.name(), outcome));
  }
  if (!silent.empty()) services_.log.warning("the ledger could not be compared with everybody who saw it:" + silent);
  // A new ledger has nothing that could have been rolled back.
  if (answers == 0 && checkpoint.size != 0) {
    co_return Error(
        Errc::config,
        "nobody could say whether this ledger is the newest one, so the service does not start:" + silent +
            "\nTo start without asking, take `witnesses` and `ledger_checkpoint_copy` out of the settings.");
  }
  co_return boost::outcome_v2::success();
}

Task<Result<void>> Witnesses::compare_with_copy(const std::string& note, const consent::Checkpoint& checkpoint) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto text = co_await on(thread_, [&] { return read_copy(path); });
  if (!text) co_return text.error();
  if (text.value().empty()) {
    if (checkpoint.size == 0) co_return co_await keep_copy(note);
    co_return Error(Errc::io, path.string() + " is not there");
  }
  const auto seen = consent::open_checkpoint(text.value(), services_.ledger_identity);
  if (!seen) co_return not_ours(path.string(), seen.error().text);
  const auto grew = co_await services_.in_database([&] {
    return consent::verify_growth(seen.value(), checkpoint,
                                  [&](const consent::TilePath& tile) { return services_.ledger.tile(tile); });
  });
  if (!grew) co_return not_ours(path.string(), grew.error().text + ".");
  co_return boost::outcome_v2::success();
}

Task<Result<void>> Witnesses::keep_copy(const std::string& note) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto kept = co_await on(
      thread_, [&] { return storage::replace_file(storage::system_file_ops(), path, crypto::as_bytes(note)); });
  if (!kept) co_return Error(Errc::io, kept.error().text);
  co_return boost::outcome_v2::success();
}

Task<std::string> Witnesses::cosign(const std::string& note) {
  const consent::Checkpoint checkpoint = opened(note);
  std::string cosigned = note;
  for (Asked& witness : asked_) {
    auto line = co_await ask(witness, note, checkpoint);
    if (ending_) co_return cosigned;
    if (line) cosigned += line.value();
    Result<void> outcome = line ? Result<void>(boost::outcome_v2::success()) : Result<void>(line.error());
    tell(witness.complaint, witness.setting.key.name(), outcome);
  }
  if (!services_.config.ledger_checkpoint_copy.empty()) {
    auto kept = co_await keep_copy(note);
    tell(copy_complaint_, "ledger_checkpoint_copy", kept);
  }
  co_return cosigned;
}

/// Once, and when it is over.
void Witnesses::tell(std::string& complaint, const std::string& who, const Result<void>& outcome) {
  std::string now = outcome ? std::string() : outcome.error().text;
  if (now == complaint) return;
  if (now.empty())
    services_.log.info(who + " has the ledger's newest checkpoint again");
  else if (outcome.error().code == Errc::conflict)
    services_.log.error(now);
  else
    services_.log.warning("the published checkpoint goes without " + who + ": " + now);
  complaint = std::move(now);
}

Task<Result<std::string>> Witnesses::request(std::uint64_t old_size, std::uint64_t new_size, const std::string& note) {
  auto proof = co_await services_.in_database([&] {
    return consent::consistency_from_tiles(old_size, new_size,
                                           [&](const consent::TilePath& tile) { return services_.ledger.tile(tile); });
  });
  if (!proof) co_return Error(proof.error());
  co_return consent::format_add_checkpoint({old_size, std::move(proof).value(), note});
}

Task<Result<std::string>> Witnesses::ask(Asked& witness, const std::string& note,
                                         const consent::Checkpoint& checkpoint) {
  const std::string& who = witness.setting.key.name();
  const std::string url = witness.setting.url + "/add-checkpoint";
  const std::string text = note.substr(0, note.rfind("\n\n") + 1);
  for (int attempt = 0; attempt < kAttempts && !ending_; ++attempt) {
    if (witness.remembers > checkpoint.size) {
      co_return not_ours(who, "it remembers " + std::to_string(witness.remembers) + " entries, here are " +
                                  std::to_string(checkpoint.size) + ": this ledger was rolled back.");
    }
    const auto body = co_await request(witness.remembers, checkpoint.size, note);
    if (!body) co_return body.error();
    const auto answer =
        co_await on(thread_, [&] { return http_post(url, body.value(), consent::kMaxAddCheckpointBytes, ending_); });
    if (!answer) co_return answer.error();
    const HttpAnswer& said = answer.value();
    if (said.status == 200) {
      auto line = witness.setting.key.pick(said.body, text);
      if (!line) co_return Error(Errc::io, line.error().text);
      witness.remembers = checkpoint.size;
      co_return std::move(line).value();
    }
    if (said.status == 422) co_return not_ours(who, "the trees do not continue one another: one of them was forked.");
    const bool names_size = said.content_type.starts_with(consent::kTreeSizeType);
    if (said.status == 409 && !names_size && witness.remembers == checkpoint.size)
      co_return not_ours(who, "it remembers another tree of the same size: one of them was forked.");
    if (said.status != 409 || !names_size) co_return Error(Errc::io, "it answered " + std::to_string(said.status));
    const auto remembers = consent::parse_tree_size(said.body);
    if (!remembers) co_return Error(Errc::io, remembers.error().text);
    witness.remembers = remembers.value();
  }
  co_return Error(Errc::io, "it names another size each time it is asked");
}

}  // namespace unavoce::server
