// `unavoce ledger check`: has a service's public ledger only grown since a checkpoint was seen?
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/ledger_key.hpp"
#include "cli/service.hpp"
#include "consent/ledger_growth.hpp"
#include "consent/receipt.hpp"
#include "crypto/cosignature.hpp"

namespace unavoce::cli {

namespace {

constexpr std::chrono::seconds kBetweenLooks{2};
constexpr std::uint64_t kMaxCosignatureAge_s = 24 * 60 * 60;

/// A checkpoint kept earlier, and the ledger's key if the file names it.
struct Seen {
  std::string checkpoint;
  std::string vkey;
};

Result<Seen> read_seen(const std::string& path) {
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(path, consent::kMaxReceiptBytes));
  const std::string_view text = crypto::as_text(bytes.view());
  if (!text.starts_with('{')) return Seen{std::string(text), {}};
  BOOST_OUTCOME_TRY(const auto receipt, consent::parse_receipt(text));
  BOOST_OUTCOME_TRY(const auto content, consent::verify_receipt(receipt));
  BOOST_OUTCOME_TRY(auto proof, consent::parse_proof(receipt.proof));
  return Seen{std::move(proof.checkpoint), content.room.body.ledger.vkey};
}

/// What is at a public address of the service.
Result<std::string> fetch_public(const Service& service, const std::string& path) {
  BOOST_OUTCOME_TRY(auto answer, service.get(path));
  if (answer.status != 200) return refused(path + " was not handed out", answer);
  return std::move(answer.body);
}

struct Published {
  std::string note;
  consent::Checkpoint checkpoint;
};

Result<Published> fetch_checkpoint(const Service& service, const crypto::NoteVerifier& key) {
  BOOST_OUTCOME_TRY(auto note, fetch_public(service, "/ledger/checkpoint"));
  BOOST_OUTCOME_TRY(auto checkpoint, consent::open_checkpoint(note, key));
  return Published{std::move(note), std::move(checkpoint)};
}

/// What is shown to participants comes before what is published: a smaller checkpoint is no rollback yet.
Result<Published> fetch_checkpoint_of(const Service& service, const crypto::NoteVerifier& key, std::uint64_t size,
                                      unsigned wait_seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(wait_seconds);
  for (;;) {
    BOOST_OUTCOME_TRY(auto published, fetch_checkpoint(service, key));
    const auto left = deadline - std::chrono::steady_clock::now();
    if (published.checkpoint.size >= size || left <= left.zero()) return published;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, kBetweenLooks));
  }
}

Result<void> require_cosignatures(const std::string& note, const std::vector<std::string>& witnesses) {
  for (const std::string& vkey : witnesses) {
    const auto witness = crypto::CosignatureVerifier::parse(vkey);
    if (!witness) return Error(ExitCode::usage, "--witness: " + witness.error().text);
    BOOST_OUTCOME_TRY(const auto time, witness.value().time_in(note));
    if (!time)
      return Error(ExitCode::failed, "the published checkpoint carries no cosignature of " + witness.value().name());
    // An old one stands under every tree that was published then: what came since would go unseen.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_s = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    if (*time + kMaxCosignatureAge_s < now_s)
      return Error(ExitCode::failed, "the cosignature of " + witness.value().name() + " is more than a day old");
  }
  return boost::outcome_v2::success();
}

Result<void> keep(const std::string& path, const std::string& note) {
  BOOST_OUTCOME_TRY(auto output, Output::open(path));
  BOOST_OUTCOME_TRY(output.write(crypto::as_bytes(note)));
  return output.commit();
}

}  // namespace

Result<Report> check_ledger(const LedgerCheckOptions& options) {
  BOOST_OUTCOME_TRY(const auto service, Service::at(options.service, PlainHttp::this_machine_only));
  BOOST_OUTCOME_TRY(const auto file, read_seen(options.seen));
  const std::string& given = options.ledger_key.empty() ? file.vkey : options.ledger_key;
  BOOST_OUTCOME_TRY(const auto key, given.empty() ? ledger_key_of_service(service) : ledger_key_of(given));
  const auto seen = consent::open_checkpoint(file.checkpoint, key);
  if (!seen) {
    return Error(ExitCode::failed, options.seen + " is no checkpoint of the ledger \"" + key.name() +
                                       "\": " + seen.error().text + ". Has the service started another ledger?");
  }
  BOOST_OUTCOME_TRY(const auto now, fetch_checkpoint_of(service, key, seen.value().size, options.wait_seconds));

  // The network's errors keep their exit code on the way through consent.
  std::optional<Error> not_fetched;
  const auto fetch = [&](const consent::TilePath& path) -> consent::Result<crypto::Bytes> {
    const auto tile = fetch_public(service, "/ledger/tile/" + consent::format_tile_path(path));
    if (tile) return crypto::Bytes(tile.value().begin(), tile.value().end());
    not_fetched = tile.error();
    return consent::Error(consent::Errc::unknown_reference, tile.error().text);
  };
  const auto grew = consent::verify_growth(seen.value(), now.checkpoint, fetch);
  if (not_fetched) return *not_fetched;
  if (!grew) return Error(ExitCode::failed, grew.error().text);
  BOOST_OUTCOME_TRY(require_cosignatures(now.note, options.witnesses));
  if (!options.save.empty()) {
    BOOST_OUTCOME_TRY(keep(options.save, now.note));
  }

  const std::string root = crypto::to_base64(now.checkpoint.root);
  const nlohmann::ordered_json json = {{"passed", true},
                                       {"ledger", now.checkpoint.origin},
                                       {"ledger_vkey", key.vkey()},
                                       {"witnesses", options.witnesses.size()},
                                       {"seen_size", seen.value().size},
                                       {"size", now.checkpoint.size},
                                       {"root", root}};
  const std::string text = "Ledger  " + now.checkpoint.origin + "\nSeen    " + std::to_string(seen.value().size) +
                           " entries\nNow     " + std::to_string(now.checkpoint.size) + " entries, root " + root +
                           "\n\nThe ledger only grew since then.\n";
  return Report{text, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

}  // namespace unavoce::cli
