#include "server/seals.hpp"

#include <algorithm>

#include "recorder/recovery.hpp"
#include "server/evidence.hpp"
#include "server/exception_text.hpp"

namespace unavoce::server {
namespace {

/// For the files of takes of this run that their writers could not measure, when the service ends.
constexpr std::chrono::seconds kMeasureAtTheEnd{10};

/// tests/crash waits for this line, and aims its kills at what comes before it.
constexpr const char* kNothingIsOwed = "no seal is owed";

/// So many times the first pause is the longest one.
constexpr int kLongestPause = 30;

bool same(const SealOrder& one, const SealOrder& other) {
  return one.recording == other.recording && one.take == other.take;
}

/// Those that a `track` statement has announced, and that no erasure has taken away since; tails go with their files.
std::vector<recorder::SealedTrackFile> sealable(const Evidence& evidence,
                                                std::vector<recorder::SealedTrackFile> files) {
  std::erase_if(files, [&](const auto& file) {
    const std::string name = recorder::main_name(file.name);
    const auto announces = [&](const auto& track) { return track.body.name == name; };
    return std::ranges::none_of(evidence.tracks, announces) || std::ranges::count(evidence.erased, name) != 0;
  });
  return files;
}

/// Whether there is still something to seal: not if the recording is over for good, or erased, or on its way there.
/// Database thread.
Result<bool> is_needed(Services& services, const consent::RecordingId& recording, const Evidence& evidence) {
  if (!evidence.request || evidence.finished) return false;
  BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(recording.hex()));
  return !erasure.has_value();
}

/// Database thread. Nothing happens if somebody was faster, or the recording is erased. What throws is an error, too:
/// it keeps no other recording's seal waiting.
Result<void> write_now(Services& services, const SealOrder& order,
                       const std::vector<recorder::SealedTrackFile>& files) try {
  BOOST_OUTCOME_TRY(const auto evidence, read_evidence(services, order.recording));
  BOOST_OUTCOME_TRY(const bool needed, is_needed(services, order.recording, evidence));
  if (!needed) return boost::outcome_v2::success();
  if (!order.take) return append_final_seal(services, order.recording, order.reason);
  if (std::ranges::count(evidence.sealed_takes, *order.take) != 0) return boost::outcome_v2::success();
  return append_take_seal(services, order.recording, *order.take, order.reason, sealable(evidence, files));
} catch (const std::exception& failure) {
  return Error(Errc::io, failure.what());
}

std::string name_of_seal(const SealOrder& order) {
  return order.take ? "the seal of take " + std::to_string(*order.take) : std::string("the final seal");
}

}  // namespace

Seals::Seals(Services& services)
    : services_(services),
      keep_trying_(
          services, [this] { return !owed_.empty(); },
          [this]() -> Task<void> {
            try_all();
            co_return;
          }),
      settling_(services.executors.control,
                [&services](const std::exception_ptr& failure) {
                  services.log.error("the seals of a recording could not be written: " + exception_text(failure));
                }),
      reading_(std::make_shared<JobQueue>(services.executors.control, [&services](const std::exception_ptr& failure) {
        services.log.error("files of a take could not be read: " + exception_text(failure));
      })) {}

Seals::List::iterator Seals::first_of(const consent::RecordingId& recording) {
  return std::ranges::find_if(owed_, [&](const Owed& owed) { return owed.order.recording == recording; });
}

bool Seals::owes(const consent::RecordingId& recording) const {
  return std::ranges::any_of(owed_, [&](const Owed& owed) { return owed.order.recording == recording; });
}

bool Seals::owes_final(const consent::RecordingId& recording) const {
  return std::ranges::any_of(owed_,
                             [&](const Owed& owed) { return owed.order.recording == recording && !owed.order.take; });
}

void Seals::add(SealOrder order) {
  if (!order.take) mark_over(order.recording);
  // Owed until it is written: whatever comes while the ledger writes comes after it.
  if (std::ranges::none_of(owed_, [&](const Owed& owed) { return same(owed.order, order); }))
    owed_.push_back({std::move(order)});
}

void Seals::owe(SealOrder order) {
  const consent::RecordingId recording = order.recording;
  add(std::move(order));
  if (phase_ != Phase::serving) return;
  telling_ = Telling::when_nothing_is_owed;
  settle_soon(recording);
  keep_trying_.begin();
}

Task<void> Seals::owe_end(SealOrder last) {
  owe(last);
  co_await remember_end(std::move(last));
}

Task<void> Seals::remember_end(SealOrder last) {
  const auto kept =
      co_await services_.in_database([&] { return services_.rooms.set_over(last.recording, last.reason); });
  if (!kept) {
    services_.log.error("that a recording is over could not be written down, its seal is to say so: " +
                        kept.error().text);
  }
}

void Seals::settle_soon(const consent::RecordingId& recording) {
  settling_.add(recording, [this, recording]() -> Task<void> { (void)co_await settle_in_turn(recording); });
}

void Seals::begin() {
  phase_ = Phase::serving;
  if (owed_.empty()) return services_.log.debug(kNothingIsOwed);
  telling_ = Telling::when_nothing_is_owed;
  keep_trying_.begin(KeepTrying::First::at_once);
}

Task<Result<void>> Seals::write(SealOrder order) {
  const consent::RecordingId recording = order.recording;
  const bool is_behind_others = !order.take && owes(recording);
  add(order);
  if (is_behind_others) co_await remember_end(std::move(order));
  // Whoever ends something waits for it, and may know that the disk is well again.
  if (const auto first = first_of(recording); first != owed_.end()) first->not_before = {};
  auto settled = co_await settle(recording);
  if (!settled) {
    telling_ = Telling::when_nothing_is_owed;
    keep_trying_.begin();
  }
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
    const SealOrder& order = next->order;
    if (order.take) {
      auto measured = co_await measure(*next);
      BOOST_OUTCOME_CO_TRY(std::move(measured));
    } else {
      auto looked = co_await owe_unsealed_takes(next);
      BOOST_OUTCOME_CO_TRY(const bool others_come_first, std::move(looked));
      if (others_come_first) continue;
    }
    const std::vector<recorder::SealedTrackFile> none;
    const auto& files = next->files ? next->files->measured() : none;
    auto written = co_await services_.in_database([&] { return write_now(services_, order, files); });
    if (!written) {
      failed(*next, written.error());
      co_return written;
    }
    if (!next->told.empty()) services_.log.info(name_of_seal(order) + " that had to wait is in the ledger now");
    owed_.erase(next);
    if (owed_.empty() && std::exchange(telling_, Telling::nothing) == Telling::when_nothing_is_owed)
      services_.log.debug(kNothingIsOwed);
  }
  co_return boost::outcome_v2::success();
}

void Seals::failed(Owed& owed, const Error& why) {
  if (std::exchange(owed.told, why.text) == why.text) return;
  services_.log.error(name_of_seal(owed.order) + " of a recording has to wait: " + why.text);
}

Task<Result<bool>> Seals::owe_unsealed_takes(List::iterator before) {
  const SealOrder& last = before->order;
  auto looked = co_await services_.in_database([&] { return unsealed_takes(services_, last.recording); });
  if (!looked) {
    failed(*before, looked.error());
    co_return looked.error();
  }
  bool owes = false;
  for (const std::uint32_t take : looked.value()) {
    SealOrder order{last.recording, take, consent::EndReason::fault};
    owed_.insert(before, Owed{std::move(order)});
    owes = true;
  }
  co_return owes;
}

bool Seals::may_measure(const SealOrder& order) const {
  if (!ends_since_) return true;
  return order.reason != consent::EndReason::interrupted && Clock::now() - *ends_since_ < kMeasureAtTheEnd;
}

Task<Result<void>> Seals::measure(Owed& owed) {
  if (!owed.files) {
    SealOrder& order = owed.order;
    auto known = TakeFiles::Known::measured;
    if (!order.files) {
      auto announced =
          co_await services_.in_database([&] { return files_of(services_, order.recording, *order.take); });
      if (!announced) {
        failed(owed, announced.error());
        co_return announced.error();
      }
      order.files = std::move(announced).value();
      known = TakeFiles::Known::announced;
    }
    owed.files.emplace(services_, order.recording, std::move(*order.files), known);
  }
  if (Clock::now() < owed.not_before) co_return Error(Errc::unavailable, owed.told, "storage");
  while (!owed.files->is_measured()) {
    if (owed.files->has_to_be_read() && !may_measure(owed.order)) {
      services_.log.info(name_of_seal(owed.order) +
                         " of a recording is left to the next start: its files are not "
                         "measured yet");
      co_return Error(Errc::unavailable, "the service ends before the files of a take are measured");
    }
    auto read = co_await read_on(*owed.files);
    if (read) continue;
    const bool again = owed.told == read.error().text;
    owed.pause = again ? std::min(owed.pause * 2, services_.config.try_again_after * kLongestPause)
                       : std::chrono::milliseconds(services_.config.try_again_after);
    owed.not_before = Clock::now() + owed.pause;
    failed(owed, read.error());
    co_return read.error();
  }
  co_return boost::outcome_v2::success();
}

Task<Result<TakeFiles::Progress>> Seals::read_on(TakeFiles& files) {
  std::optional<Result<TakeFiles::Progress>> read;
  reading_->add(
      [&]() -> Task<void> { read.emplace(co_await on(services_.executors.workers, [&] { return files.read_on(); })); });
  co_await reading_->drained();
  if (!read) co_return Error(Errc::io, "the files could not be read; the log says why");
  co_return std::move(*read);
}

void Seals::try_all() {
  std::set<consent::RecordingId> recordings;
  for (const Owed& owed : owed_) recordings.insert(owed.order.recording);
  for (const auto& recording : recordings)
    if (settling_.is_idle(recording)) settle_soon(recording);
}

Task<void> Seals::settle_all() {
  try_all();
  co_await settling_.all_drained();
}

}  // namespace unavoce::server
