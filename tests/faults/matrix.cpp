#include "matrix.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <thread>

#include "allowances.hpp"

namespace unavoce::faults {
namespace {

constexpr std::size_t kAtOnce = 4;  // they mostly wait

bool is_later(const Fault& fault) {
  return fault.time != Time::first;
}

/// Whether it reads only: what cannot be read the second time is no other matter than the first time.
bool reads(const Fault& fault) {
  return troubles_of(fault.place.operation).back() == Trouble::dead;
}

/// Those that fit.
template <class Fits>
std::vector<Fault> of(std::vector<Fault> faults, Fits fits) {
  std::erase_if(faults, [&](const Fault& fault) { return !fits(fault); });
  return faults;
}

/// FNV-1a: the same on every machine.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Of each operation on each class of file one, of whichever phase and trouble.
std::vector<Fault> sample_of(const std::vector<Fault>& all) {
  std::map<std::pair<std::string, std::string>, Fault> chosen;
  for (const Fault& fault : all) {
    const auto [known, is_first] = chosen.try_emplace({fault.place.operation, fault.place.file}, fault);
    if (!is_first && hash_of(fault.text()) < hash_of(known->second.text())) known->second = fault;
  }
  std::vector<Fault> sample;
  for (const auto& [kind, fault] : chosen) sample.push_back(fault);
  return sample;
}

}  // namespace

/// Every fault that a good day offers.
std::vector<Fault> Matrix::all_faults() const {
  std::vector<Fault> faults;
  for (const auto& [place, count] : good_day_.places) {
    for (const Trouble trouble : troubles_of(place.operation)) {
      faults.push_back({place, trouble});
      if (count > 1) faults.push_back({place, trouble, Time::second, 2});
      if (count > 2) faults.push_back({place, trouble, Time::last, count});
    }
  }
  return faults;
}

/// What this run plays of all that there is in these phases.
std::vector<Fault> Matrix::chosen_in(const std::set<std::string>& phases) const {
  const auto is_here = [&](const Fault& fault) { return phases.contains(fault.place.phase); };
  const std::vector<Fault> here = of(all_faults(), is_here);
  REQUIRE(here.size() > 10);
  if (const char* text = std::getenv("UNAVOCE_FAULT"))
    return of(here, [&](const Fault& fault) { return fault.text().find(text) != std::string::npos; });
  if (std::getenv("UNAVOCE_LONG") != nullptr) return here;
  std::vector<Fault> chosen = sample_of(of(here, [](const Fault& fault) { return !is_later(fault); }));
  // Of the whole script, not of each of its parts: a test has no more than a minute for this.
  const auto is_wanted = [](const Fault& fault) { return is_later(fault) && !reads(fault); };
  std::ranges::copy(of(sample_of(of(all_faults(), is_wanted)), is_here), std::back_inserter(chosen));
  return chosen;
}

/// When a write comes, and how often, depends on the clock in a few places: a meeting that did not come by is played
/// again, and instead of a last time that did not come an earlier one fails.
Played Matrix::play_until_met(Fault fault) const {
  Played played = play_(fault);
  for (int again = 0; again < 2 && !played.was_hit && played.complaints.empty(); ++again) {
    if (fault.time == Time::last) fault.occurrence = std::max(2, fault.occurrence * 3 / 4);
    played = play_(fault);
  }
  return played;
}

std::vector<Matrix::Result> Matrix::play_all(const std::vector<Fault>& faults) const {
  std::vector<Result> results(faults.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < faults.size(); mine = next++)
        results[mine] = {faults[mine], play_until_met(faults[mine])};
    });
  }
  for (auto& thread : threads) thread.join();
  return results;
}

void Matrix::check_one(const Result& result) {
  const auto& [fault, played] = result;
  const std::string text = fault.text();
  for (const auto& complaint : played.complaints) FAIL_CHECK(text << "\n" << complaint << "\n" << played.log);
  if (!played.was_hit && played.complaints.empty() && why_unmet(fault).empty())
    FAIL_CHECK(text << "\nno play came by this, and allowances.cpp does not say why\n" << played.log);
  const bool is_silent = played.was_hit && !played.was_told && !played.was_logged;
  if (is_silent && why_silent(fault).empty())
    FAIL_CHECK(text << "\nnobody was told, no error in the log names the file, and allowances.cpp does not say why\n"
                    << played.log);
}

void Matrix::check(const std::set<std::string>& phases) const {
  REQUIRE(good_day_.complaints == std::vector<std::string>{});
  const std::vector<Fault> faults = chosen_in(phases);
  std::size_t hit = 0, told = 0, logged = 0;
  std::string exceptions;
  for (const Result& result : play_all(faults)) {
    check_one(result);
    const Played& played = result.played;
    hit += played.was_hit ? 1 : 0;
    told += played.was_told ? 1 : 0;
    logged += played.was_logged && !played.was_told ? 1 : 0;
    if (!played.was_hit) exceptions += "\n  not met: " + result.fault.text();
    if (played.was_hit && !played.was_told && !played.was_logged) exceptions += "\n  silent: " + result.fault.text();
  }
  CAPTURE(faults.size(), hit, told, exceptions);
  CHECK(hit * 10 >= faults.size() * 9);
  WARN(faults.size() << " faults, " << hit << " were met, in " << told << " somebody was told, in " << logged
                     << " more the log told it" << exceptions);
}

}  // namespace unavoce::faults
