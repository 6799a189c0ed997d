#include "server/seals.hpp"

#include <algorithm>

#include "server/evidence.hpp"
#include "server/exception_text.hpp"

namespace unavoce::server {
namespace {

bool same(const SealOrder& one, const SealOrder& other) {
  return one.recording == other.recording && one.take == other.take;
}

/// Database thread. Nothing happens if somebody was faster, or the recording is erased. What throws is an error, too:
/// it keeps no other recording's seal waiting.
Result<void> write_now(Services& services, const SealOrder& order) try {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, order.recording));
  if (!evidence.request || evidence.finished) return boost::outcome_v2::success();
  if (!order.take) return append_final_seal(services, order.recording, order.reason);
  if (std::ranges::count(evidence.sealed_takes, *order.take) != 0) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(auto files, announced(services, order.recording, order.files.value()));
  // What was taken back while the seal had to wait.
  std::erase_if(files, [&](const auto& file) { return std::ranges::count(evidence.erased, file.name) != 0; });
  return append_take_seal(services, order.recording, *order.take, order.reason, files);
} catch (const std::exception& failure) {
  return Error(Errc::io, failure.what());
}

/// Of a take that did not end by itself: its files, measured once if nothing fails. A worker reads them; the database
/// thread has answers to give.
Task<Result<void>> find_files(Services& services, SealOrder& order) {
  if (!order.take || order.files) co_return boost::outcome_v2::success();
  auto known = co_await services.in_database([&] { return files_of(services, order.recording, *order.take); });
  BOOST_OUTCOME_CO_TRY(auto files, std::move(known));
  auto found =
      co_await on(services.executors.workers, [&] { return measured(services, order.recording, std::move(files)); });
  BOOST_OUTCOME_CO_TRY(auto measured_files, std::move(found));
  order.files = std::move(measured_files);
  co_return boost::outcome_v2::success();
}

std::string name_of_seal(const SealOrder& order) {
  return order.take ? "the seal of take " + std::to_string(*order.take) : std::string("the final seal");
}

}  // namespace

Seals::Seals(Services& services)
    : services_(services),
      keep_trying_(
          services, [this] { return !owed_.empty(); }, [this] { return settle_all(); }),
      settling_(services.executors.control, [&services](const std::exception_ptr& failure) {
        services.log.error("the seals of a recording could not be written: " + exception_text(failure));
      }) {}

Seals::List::iterator Seals::first_of(const consent::RecordingId& recording) {
  return std::ranges::find_if(owed_, [&](const Owed& owed) { return owed.order.recording == recording; });
}

void Seals::add(SealOrder order) {
  if (!order.take) mark_over(order.recording);
  // Owed until it is written: whatever comes while the ledger writes comes after it.
  if (std::ranges::none_of(owed_, [&](const Owed& owed) { return same(owed.order, order); }))
    owed_.push_back({std::move(order), {}});
}

void Seals::owe(SealOrder order) {
  add(std::move(order));
  keep_trying_.begin();
}

Task<Result<void>> Seals::write(SealOrder order) {
  const consent::RecordingId recording = order.recording;
  add(std::move(order));
  auto settled = co_await settle(recording);
  if (!settled) keep_trying_.begin();
  co_return settled;
}

Task<Result<void>> Seals::settle(consent::RecordingId recording) {
  if (first_of(recording) == owed_.end()) co_return boost::outcome_v2::success();
  std::optional<Result<void>> settled;
  settling_.add(recording, [&]() -> Task<void> { settled.emplace(co_await settle_in_turn(recording)); });
  co_await settling_.drained(recording);
  if (!settled) co_return Error(Errc::io, "the seals could not be written; the log says why");
  co_return std::move(*settled);
}

Task<Result<void>> Seals::settle_in_turn(consent::RecordingId recording) {
  for (auto next = first_of(recording); next != owed_.end(); next = first_of(recording)) {
    SealOrder order = next->order;
    auto written = co_await find_files(services_, order);
    if (written) written = co_await services_.in_database([&] { return write_now(services_, order); });
    // The list may have changed meanwhile.
    const auto still = std::ranges::find_if(owed_, [&](const Owed& owed) { return same(owed.order, order); });
    if (still == owed_.end()) continue;
    if (!written) {
      if (order.files) still->order.files = order.files;
      if (std::exchange(still->told, written.error().text) != written.error().text)
        services_.log.error(name_of_seal(order) + " of a recording has to wait: " + written.error().text);
      co_return written;
    }
    if (!still->told.empty()) services_.log.info(name_of_seal(order) + " that had to wait is in the ledger now");
    owed_.erase(still);
  }
  co_return boost::outcome_v2::success();
}

Task<void> Seals::settle_all() {
  std::set<consent::RecordingId> recordings;
  for (const Owed& owed : owed_) recordings.insert(owed.order.recording);
  for (const auto& recording : recordings) (void)co_await settle(recording);
}

}  // namespace unavoce::server
