#include "server/witnesses.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
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
constexpr std::size_t kMaxAskedAtOnce = 8;
constexpr std::chrono::seconds kPatienceAtTheEnd{2};

constexpr const char* kNoTime = "the service ends and could not wait for it";

constexpr const char* kNobodyRemembers =
    "nobody but this machine remembers the ledger's newest state: a restored backup or a fork would not be noticed "
    "here; set witnesses or ledger_checkpoint_copy (\"Witnesses\" in OPERATING.md)";

constexpr const char* kWhatToDo =
    " No recording starts, and nothing is added to the ledger. Put back the newest state of the data folder; if it is "
    "lost, see \"A backup was restored\" in OPERATING.md.";

Error not_ours(const std::string& who, const std::string& why) {
  return {Errc::conflict, who + " has seen another ledger than this one: " + why};
}

bool are_there_any(const Config& config) {
  return !config.witnesses.empty() || !config.ledger_checkpoint_copy.empty();
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

/// Questions that were asked at once. Shared by whoever waits for them and each of them.
struct Questions {
  Questions(asio::io_context& control, std::size_t count) : open(count), all_ended(control) {}

  void one_ended(const std::exception_ptr& failed) {
    if (failed) failure = failed;
    if (--open == 0) all_ended.set();
  }

  std::size_t open;
  std::exception_ptr failure;
  Signal all_ended;
};

}  // namespace

Witnesses::Witnesses(Services& services)
    : services_(services),
      copying_(std::make_shared<JobQueue>(services.executors.control,
                                          [&log = services.log](const std::exception_ptr&) {
                                            log.error("the copy of the checkpoint could not be kept up to date");
                                          })),
      asking_(std::clamp<std::size_t>(services.config.witnesses.size(), 1, kMaxAskedAtOnce)) {
  for (const WitnessSetting& setting : services.config.witnesses) asked_.push_back({setting, 0, {}, std::string()});
}

consent::Checkpoint Witnesses::opened(const std::string& note) const {
  return consent::open_checkpoint(note, services_.ledger_identity).value();  // the ledger signed it itself
}

Witnesses::~Witnesses() {
  give_up();  // what is being asked gives up; the threads are joined after this
}

void Witnesses::hurry() {
  patience_.for_each = kPatienceAtTheEnd;
}

void Witnesses::give_up() {
  patience_.is_over = true;
}

Task<Result<std::string>> Witnesses::compare() {
  if (!are_there_any(services_.config)) services_.log.warning(kNobodyRemembers);
  const std::string note = co_await services_.in_database([&] { return services_.ledger.signed_checkpoint(); });
  const consent::Checkpoint checkpoint = opened(note);
  const auto refuse = [](const Error& error) { return Error(Errc::config, error.text + kWhatToDo); };
  std::string silent;
  if (!services_.config.ledger_checkpoint_copy.empty()) {
    const auto compared = co_await compare_with_copy(checkpoint);
    if (!compared && is_conflict(compared.error())) co_return refuse(compared.error());
    if (!compared) silent += "\n  ledger_checkpoint_copy: " + compared.error().text;
  }
  co_await look(note, checkpoint);
  for (const Asked& witness : asked_) {
    if (witness.said) continue;
    if (is_conflict(witness.said.error())) co_return refuse(witness.said.error());
    silent += "\n  " + witness.setting.key.name() + ": " + witness.said.error().text;
  }
  if (!silent.empty() && services_.config.start == Config::Start::compared_with_all) {
    co_return Error(Errc::unavailable,
                    "nobody but these could say whether this ledger is the newest one, so the service does not start:" +
                        silent + "\nIf you know that it is, start once with --start-unwitnessed.");
  }
  if (!silent.empty()) services_.log.warning("started without comparing the ledger with:" + silent);
  auto cosigned = co_await cosign_after_look(note, checkpoint);
  if (!cosigned) co_return refuse(cosigned.error());
  co_return std::move(cosigned).value();
}

Task<Result<void>> Witnesses::compare_with_copy(const consent::Checkpoint& checkpoint) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto text = co_await on(disk_, [&] { return read_copy(path); });
  if (!text) co_return text.error();
  if (text.value().empty()) {
    // An empty ledger under a key that was there before is one that was lost.
    if (checkpoint.size == 0 && services_.ledger_is_new) co_return boost::outcome_v2::success();
    co_return Error(Errc::io, path.string() + " is not there");
  }
  auto compared = co_await compare_with(text.value(), checkpoint);
  co_return compared;
}

Task<Result<void>> Witnesses::compare_with(const std::string& copy, const consent::Checkpoint& checkpoint) {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto seen = consent::open_checkpoint(copy, services_.ledger_identity);
  if (!seen && copy.starts_with(services_.ledger_identity.name() + "\n"))
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

Task<Result<void>> Witnesses::keep_copy() {
  std::optional<Result<void>> kept;
  copying_->add([&]() -> Task<void> {
    auto written = co_await write_copy();
    kept.emplace(std::move(written));
  });
  co_await copying_->drained();
  if (!kept) co_return Error(Errc::io, "it could not be kept up to date; the log says why");
  co_return std::move(*kept);
}

/// Never over a checkpoint that this ledger does not continue: that would be the only trace of it. The copy is read
/// first and the ledger afterwards, which was no smaller then: a copy that knows more is never our own.
Task<Result<void>> Witnesses::write_copy() {
  const fs::path& path = services_.config.ledger_checkpoint_copy;
  const auto there = co_await on(disk_, [&] { return read_copy(path); });
  if (!there) co_return there.error();
  const std::string note = co_await services_.in_database([&] { return services_.ledger.signed_checkpoint(); });
  const consent::Checkpoint checkpoint = opened(note);
  if (!there.value().empty()) {
    const auto compared = co_await compare_with(there.value(), checkpoint);
    if (!compared) co_return compared.error();
  }
  const auto kept = co_await on(
      disk_, [&] { return storage::replace_file(storage::system_file_ops(), path, crypto::as_bytes(note)); });
  if (!kept) co_return Error(Errc::io, kept.error().text);
  copied_size_ = checkpoint.size;
  co_return boost::outcome_v2::success();
}

Task<Result<void>> Witnesses::update_copy() {
  if (services_.config.ledger_checkpoint_copy.empty()) co_return boost::outcome_v2::success();
  const std::uint64_t size = co_await services_.in_database([&] { return services_.ledger.checkpoint().size; });
  if (copied_size_ == size) co_return boost::outcome_v2::success();
  const auto kept = co_await keep_copy();
  if (!kept && is_conflict(kept.error())) co_return kept.error();
  tell(copy_complaint_, {"ledger_checkpoint_copy", kept ? std::nullopt : std::optional(kept.error())});
  co_return boost::outcome_v2::success();
}

Task<void> Witnesses::hear(Asked& witness, Ask what, const std::string& note, const consent::Checkpoint& checkpoint) {
  auto said = co_await ask(witness, what, note, checkpoint);
  witness.said = std::move(said);
}

Task<void> Witnesses::ask_at_once(const std::vector<Asked*>& some, Ask what, const std::string& note,
                                  const consent::Checkpoint& checkpoint) {
  auto questions = std::make_shared<Questions>(services_.executors.control, some.size());
  for (Asked* witness : some) {
    asio::co_spawn(services_.executors.control, hear(*witness, what, note, checkpoint),
                   [questions](const std::exception_ptr& failure) { questions->one_ended(failure); });
  }
  while (questions->open != 0) co_await questions->all_ended.wait();
  if (questions->failure) std::rethrow_exception(questions->failure);
}

/// What they remember, before anybody cosigns what another one knows to be forked.
Task<void> Witnesses::look(const std::string& note, const consent::Checkpoint& checkpoint) {
  std::vector<Asked*> all;
  for (Asked& witness : asked_) all.push_back(&witness);
  co_await ask_at_once(all, Ask::only_look, note, checkpoint);
}

Task<Result<std::string>> Witnesses::cosign(const std::string& note) {
  const consent::Checkpoint checkpoint = opened(note);
  co_await look(note, checkpoint);
  auto cosigned = co_await cosign_after_look(note, checkpoint);
  co_return cosigned;
}

Task<Result<std::string>> Witnesses::cosign_after_look(const std::string& note, const consent::Checkpoint& checkpoint) {
  std::vector<Asked*> left;
  for (Asked& witness : asked_) {
    if (!witness.said && is_conflict(witness.said.error())) co_return witness.said.error();
    // Whoever remembers this very tree has cosigned it already, and who gave no answer is not waited for twice.
    if (witness.said && witness.said.value().empty()) left.push_back(&witness);
  }
  // Who remembers most comes first: they know a fork that the others would cosign. Equals are asked at once.
  std::ranges::stable_sort(left, std::greater(), &Asked::remembers);
  while (!left.empty() && !patience_.is_over) {
    const std::uint64_t most = left.front()->remembers;
    const auto lesser = std::ranges::find_if(left, [&](const Asked* witness) { return witness->remembers != most; });
    const std::vector<Asked*> equals(left.begin(), lesser);
    left.erase(left.begin(), lesser);
    co_await ask_at_once(equals, Ask::cosign, note, checkpoint);
    for (const Asked* witness : equals)
      if (!witness->said && is_conflict(witness->said.error())) co_return witness->said.error();
  }
  for (Asked* witness : left) witness->said = Error(Errc::io, kNoTime);
  std::string cosigned = note;
  for (Asked& witness : asked_) {
    if (witness.said) cosigned += witness.said.value();
    tell(witness.complaint,
         {witness.setting.key.name(), witness.said ? std::nullopt : std::optional(witness.said.error())});
  }
  if (!services_.config.ledger_checkpoint_copy.empty()) {
    const auto kept = co_await keep_copy();
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
  for (int attempt = 0; attempt < kAttempts && !patience_.is_over; ++attempt) {
    const std::uint64_t old_size = witness.remembers;
    const auto body = co_await request(old_size, checkpoint, note);
    if (!body) co_return body.error();
    const auto answer =
        co_await on(asking_, [&] { return http_post(url, body.value(), consent::kMaxAddCheckpointBytes, patience_); });
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
  if (patience_.is_over) co_return Error(Errc::io, kNoTime);
  co_return Error(Errc::io, "it names another size each time it is asked");
}

}  // namespace unavoce::server
