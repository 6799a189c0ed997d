#include "server/witnesses.hpp"

#include <algorithm>
#include <fstream>
#include <functional>

#include "consent/ledger_growth.hpp"
#include "consent/witness.hpp"
#include "server/clock.hpp"
#include "server/http_post.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::server {
namespace {

namespace fs = std::filesystem;

/// A witness that was asked with a size that it no longer remembers says which one it does; once more is for a race.
constexpr int kAttempts = 3;
/// A cosignature of another time was made for somebody else, and shown again.
constexpr std::uint64_t kFresh_s = 5 * 60;

constexpr const char* kWhatToDo =
    " No recording starts, and nothing is added to the ledger. Put back the newest state of the data folder; if it is "
    "lost, see \"A backup was restored\" in OPERATING.md.";

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

bool is_conflict(const Error& error) {
  return error.code == Errc::conflict;
}

bool is_fresh(std::uint64_t unix_seconds) {
  const auto now = static_cast<std::uint64_t>(wall_time().value / 1000);
  return (unix_seconds > now ? unix_seconds - now : now - unix_seconds) < kFresh_s;
}

}  // namespace

Witnesses::Witnesses(Services& services) : services_(services) {
  for (const WitnessSetting& setting : services.config.witnesses) asked_.push_back({setting, 0, {}});
}

consent::Checkpoint Witnesses::opened(const std::string& note) const {
  return consent::open_checkpoint(note, services_.ledger_identity).value();  // the ledger signed it itself
}

Witnesses::~Witnesses() {
  ending_ = true;  // what is being asked gives up; the thread is joined after this
}

Task<Result<std::string>> Witnesses::compare() {
  const std::string note = co_await services_.in_database([&] { return services_.ledger.signed_checkpoint(); });
  const consent::Checkpoint checkpoint = opened(note);
  const auto refuse = [](const Error& error) { return Error(Errc::config, error.text + kWhatToDo); };
  std::string silent;
  if (!services_.config.ledger_checkpoint_copy.empty()) {
    const auto compared = co_await compare_with_copy(checkpoint);
    if (!compared && is_conflict(compared.error())) co_return refuse(compared.error());
    if (!compared) silent += "\n  ledger_checkpoint_copy: " + compared.error().text;
  }
  // What they remember, before anybody cosigns what the next one knows to be forked.
  for (Asked& witness : asked_) {
    const auto looked = co_await ask(witness, Ask::only_look, note, checkpoint);
    if (!looked && is_conflict(looked.error())) co_return refuse(looked.error());
    if (!looked) silent += "\n  " + witness.setting.key.name() + ": " + looked.error().text;
  }
  if (!silent.empty() && services_.config.start == Config::Start::compared_with_all) {
    co_return Error(Errc::config,
                    "nobody but these could say whether this ledger is the newest one, so the service does not start:" +
                        silent + "\nIf you know that it is, start once with --start-unwitnessed.");
  }
  if (!silent.empty()) services_.log.warning("started without comparing the ledger with:" + silent);
  auto cosigned = co_await cosign(note);
  if (!cosigned) co_return refuse(cosigned.error());
  co_return std::move(cosigned).value();
}

Task<Result<void>> Witnesses::compare_with_copy(const consent::Checkpoint& checkpoint) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto text = co_await on(thread_, [&] { return read_copy(path); });
  if (!text) co_return text.error();
  if (text.value().empty()) {
    // An empty ledger under a key that was there before is one that was lost.
    if (checkpoint.size == 0 && services_.ledger_is_new) co_return boost::outcome_v2::success();
    co_return Error(Errc::io, path.string() + " is not there");
  }
  const auto seen = consent::open_checkpoint(text.value(), services_.ledger_identity);
  if (!seen && text.value().starts_with(services_.ledger_identity.name() + "\n"))
    co_return Error(Errc::io, path.string() + " cannot be read: " + seen.error().text);
  if (!seen) co_return not_ours(path.string(), seen.error().text);
  const auto grew = co_await services_.in_database([&] {
    return consent::verify_growth(seen.value(), checkpoint,
                                  [&](const consent::TilePath& tile) { return services_.ledger.tile(tile); });
  });
  if (grew) co_return boost::outcome_v2::success();
  if (grew.error().code == consent::Errc::damaged) co_return not_ours(path.string(), grew.error().text + ".");
  co_return Error(Errc::io, grew.error().text);
}

/// Never over a checkpoint that this one does not continue: that would be the only trace of it.
Task<Result<void>> Witnesses::keep_copy(const std::string& note) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto there = co_await on(thread_, [&] { return read_copy(path); });
  if (!there) co_return there.error();
  if (!there.value().empty()) {
    const auto compared = co_await compare_with_copy(opened(note));
    if (!compared) co_return compared.error();
  }
  const auto kept = co_await on(
      thread_, [&] { return storage::replace_file(storage::system_file_ops(), path, crypto::as_bytes(note)); });
  if (!kept) co_return Error(Errc::io, kept.error().text);
  co_return boost::outcome_v2::success();
}

Task<Result<std::string>> Witnesses::cosign(const std::string& note) {
  const consent::Checkpoint checkpoint = opened(note);
  std::string cosigned = note;
  // Who remembers most comes first: they know a fork that the others would cosign.
  std::vector<Asked*> order;
  for (Asked& witness : asked_) order.push_back(&witness);
  std::ranges::stable_sort(order, std::greater(), &Asked::remembers);
  for (Asked* asked : order) {
    Asked& witness = *asked;
    const auto line = co_await ask(witness, Ask::cosign, note, checkpoint);
    if (ending_) co_return cosigned;
    if (!line && is_conflict(line.error())) co_return line.error();
    if (line) cosigned += line.value();
    tell(witness.complaint, {witness.setting.key.name(), line ? std::nullopt : std::optional(line.error())});
  }
  if (!services_.config.ledger_checkpoint_copy.empty()) {
    const auto kept = co_await keep_copy(note);
    if (!kept && is_conflict(kept.error())) co_return kept.error();
    tell(copy_complaint_, {"ledger_checkpoint_copy", kept ? std::nullopt : std::optional(kept.error())});
  }
  co_return cosigned;
}

/// Once, and when it is over.
void Witnesses::tell(std::string& complaint, const Outcome& outcome) {
  std::string now = outcome.error ? outcome.error->text : std::string();
  if (now == complaint) return;
  if (now.empty())
    services_.log.info(outcome.who + " has the ledger's newest checkpoint again");
  else
    services_.log.warning("the published checkpoint goes without " + outcome.who + ": " + now);
  complaint = std::move(now);
}

Task<Result<std::string>> Witnesses::request(std::uint64_t old_size, const consent::Checkpoint& checkpoint,
                                             const std::string& note) {
  const auto proof = co_await services_.in_database([&] {
    return consent::consistency_from_tiles(old_size, checkpoint.size,
                                           [&](const consent::TilePath& tile) { return services_.ledger.tile(tile); });
  });
  if (!proof) co_return Error(Errc::io, proof.error().text);
  co_return consent::format_add_checkpoint({old_size, proof.value(), note});
}

Task<Result<std::string>> Witnesses::ask(Asked& witness, Ask what, const std::string& note,
                                         const consent::Checkpoint& checkpoint) {
  const std::string& who = witness.setting.key.name();
  const std::string url = witness.setting.url + "/add-checkpoint";
  const std::string text = note.substr(0, note.rfind("\n\n") + 1);
  // Asked as if it knew this very tree: whoever knows a smaller one says so and changes nothing.
  if (what == Ask::only_look) witness.remembers = checkpoint.size;
  for (int attempt = 0; attempt < kAttempts && !ending_; ++attempt) {
    const std::uint64_t old_size = witness.remembers;
    const auto body = co_await request(old_size, checkpoint, note);
    if (!body) co_return body.error();
    const auto answer =
        co_await on(thread_, [&] { return http_post(url, body.value(), consent::kMaxAddCheckpointBytes, ending_); });
    if (!answer) co_return answer.error();
    const HttpAnswer& said = answer.value();
    if (said.status == 200) {
      const auto line = witness.setting.key.pick(said.body, text);
      if (!line) co_return Error(Errc::io, line.error().text);
      if (!is_fresh(line.value().unix_seconds))
        co_return Error(Errc::io, "its cosignature is of another time than now");
      witness.remembers = checkpoint.size;
      co_return line.value().text;
    }
    if (said.status == 422) co_return not_ours(who, "the trees do not continue one another: one of them was forked.");
    const bool names_size = said.content_type.starts_with(consent::kTreeSizeType);
    const auto size = names_size ? consent::parse_tree_size(said.body) : consent::Result<std::uint64_t>(0);
    if (!size) co_return Error(Errc::io, size.error().text);
    const bool same_size = old_size == checkpoint.size && (!names_size || size.value() == checkpoint.size);
    if (said.status == 409 && same_size)
      co_return not_ours(who, "it remembers another tree of the same size: one of them was forked.");
    if (said.status != 409 || !names_size) co_return Error(Errc::io, "it answered " + std::to_string(said.status));
    if (size.value() > checkpoint.size) {
      co_return not_ours(who, "it remembers " + std::to_string(size.value()) + " entries, here are " +
                                  std::to_string(checkpoint.size) + ": this ledger was rolled back.");
    }
    witness.remembers = size.value();
    if (what == Ask::only_look) co_return std::string();
  }
  co_return Error(Errc::io, "it names another size each time it is asked");
}

}  // namespace unavoce::server
