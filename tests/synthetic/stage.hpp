// A meeting in a folder, and what the verifier says about it: shared by the tests of the verifier.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "consent/receipt.hpp"
#include "consent/verifier.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

namespace unavoce::testing {

using namespace consent;

namespace fs = std::filesystem;

/// A folder with a meeting in it.
struct Stage {
  Stage() { fs::create_directory(folder.path() / "server"), meeting.emplace(folder.path() / "server"); }
  TemporaryFolder folder;
  std::optional<SyntheticMeeting> meeting;

  SyntheticMeeting* operator->() { return &*meeting; }
  fs::path bag() { return meeting->write_folder(folder.path() / "bag"); }
  Report verify() { return verify_bundle(must(Bundle::open(bag()))); }
};

inline Report verify(const fs::path& path, const VerifyOptions& options = {}) {
  return verify_bundle(must(Bundle::open(path)), options);
}

inline VerifyOptions with_key(const crypto::Identity& identity) {
  VerifyOptions options;
  options.room_identities = std::span(&identity, 1);
  return options;
}

/// All findings, one per line, "rule: finding".
inline std::string findings(const Report& report) {
  std::string text;
  for (const RuleResult& rule : report.rules) {
    for (const std::string& finding : rule.findings) text += rule.rule + ": " + finding + "\n";
  }
  return text;
}

/// Whether `rule` failed and names `what`.
inline bool found(const Report& report, std::string_view rule, std::string_view what) {
  return std::ranges::any_of(report.rules, [&](const RuleResult& result) {
    return result.rule == rule && result.verdict == Verdict::failed &&
           std::ranges::any_of(result.findings,
                               [&](const std::string& finding) { return finding.find(what) != std::string::npos; });
  });
}

/// The usual beginning: room, request, everybody approves.
inline void approve_all(SyntheticMeeting& meeting) {
  meeting.add_person("Paula", Role::participant);
  meeting.add_room();
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

inline void one_take(SyntheticMeeting& meeting) {
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 1000);
  meeting.seal_take();
}

inline void flip_bit(const fs::path& file, std::size_t offset) {
  std::string content = read_text(file);
  content.at(offset) = static_cast<char>(content.at(offset) ^ 0x01);
  put_text(file, content);
}

}  // namespace unavoce::testing
