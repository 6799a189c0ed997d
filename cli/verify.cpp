#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/identities.hpp"
#include "cli/progress.hpp"
#include "cli/recording_source.hpp"
#include "cli/table.hpp"
#include "cli/verification.hpp"
#include "crypto/identity_file.hpp"

namespace unavoce::cli {

namespace {

using consent::Verdict;
using Json = nlohmann::ordered_json;

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::failed:
      return "FAILED";
    case Verdict::not_checked:
      break;
  }
  return "-";
}

std::string padded(std::string_view text, std::size_t width) {
  std::string column(text);
  column.resize(std::max(column.size(), width), ' ');
  return column;
}

template <class List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& one : list) {
    if (!text.empty()) text += ',';
    if constexpr (std::is_integral_v<std::decay_t<decltype(one)>>) {
      text += std::to_string(one);
    } else {
      text += one;
    }
  }
  return text.empty() ? "-" : text;
}

std::string said_by(const consent::PersonLine& person) {
  std::string text;
  for (const std::string& one : person.said) text += (text.empty() ? "" : ", ") + one;
  return text;
}

std::string people_table(const consent::Report& report) {
  Table table({"PARTICIPANT", "ROLE", "SAID", "STANDS", "TAKES", "TRACKS", "SIGNED", "PROVEN", "FILES", "HOST SIGNED",
               "OPENS"});
  for (const consent::PersonLine& person : report.people) {
    table.add({person.name.empty() ? person.participant.substr(0, 12) : printable(person.name), person.role,
               said_by(person), person.stands, joined(person.takes), std::to_string(person.tracks),
               std::string(word(person.signature)), std::string(word(person.proof)), std::string(word(person.files)),
               person.countersigned == Verdict::failed ? "no" : std::string(word(person.countersigned)),
               std::string(word(person.opens))});
  }
  return table.text();
}

Json json_of(const consent::ParticipantLine& line) {
  return {{"participant", line.participant},
          {"name", line.name.empty() ? Json() : Json(line.name)},
          {"role", line.role},
          {"answer", line.answer},
          {"statement", line.approval},
          {"scope", line.scope},
          {"takes", line.takes},
          {"tracks", line.tracks},
          {"size_bytes", line.size_bytes},
          {"signed", name_of(line.signature)},
          {"proven", name_of(line.proof)},
          {"files", name_of(line.files)},
          {"countersigned", name_of(line.countersigned)},
          {"opens", name_of(line.opens)}};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::not_checked:
      break;
  }
  return "not_checked";
}

std::string text_of(const consent::Report& report, RoomIdentity identity) {
  std::string text = "Recording    " + printable(report.recording) + "\nRoom         " + printable(report.room_title) +
                     "\nFingerprint  " + printable(report.fingerprint) + "\nPurpose      " + printable(report.purpose) +
                     "\nStatements   " + std::to_string(report.entries) + "\n\n" + people_table(report) + "\n";
  for (const consent::RuleResult& rule : report.rules) {
    text += padded(word(rule.verdict), 8) + padded(rule.rule, 13) + rule.title + "\n";
    for (const std::string& finding : rule.findings) text += "          " + printable(finding) + "\n";
  }
  for (const std::string& note : report.notes) text += "note    " + printable(note) + "\n";
  if (!report.passed()) return text + "\nThis recording is NOT what it claims to be; see above.\n";
  return text + "\nThis recording is what it claims to be" +
         (identity == RoomIdentity::given ? ", and its room is signed by the key you named.\n"
                                          : ", if the fingerprint is the one in your invitation link.\n");
}

std::string json_of(const consent::Report& report) {
  Json json = {{"passed", report.passed()},
               {"recording", report.recording},
               {"room_title", report.room_title},
               {"fingerprint", report.fingerprint},
               {"purpose", report.purpose},
               {"entries", report.entries},
               {"rules", Json::array()},
               {"participants", Json::array()},
               {"notes", report.notes}};
  for (const consent::RuleResult& rule : report.rules) {
    json["rules"].push_back({{"rule", rule.rule}, {"verdict", name_of(rule.verdict)}, {"findings", rule.findings}});
  }
  for (const consent::ParticipantLine& line : report.participants) json["participants"].push_back(json_of(line));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

consent::Report verify_with_progress(const consent::Bundle& bundle, consent::VerifyOptions options) {
  std::optional<Progress> bar;
  std::uint64_t shown = 0;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (!bar) bar.emplace("verifying", total);
    bar->add(done - shown);
    shown = done;
  };
  return consent::verify_bundle(bundle, options);
}

Result<std::optional<crypto::PublicKey>> pinned_key_of(std::string_view room_key_text) {
  constexpr std::string_view marker = "\n# signing-key: ";
  const std::size_t at = room_key_text.find(marker);
  if (at == std::string_view::npos) return std::optional<crypto::PublicKey>();
  std::string_view line = room_key_text.substr(at + marker.size());
  line = line.substr(0, line.find_first_of("\r\n"));
  BOOST_OUTCOME_TRY(auto seed, crypto::from_base64url(line));
  auto key = crypto::SigningKey::from_seed(seed);
  crypto::wipe(seed);
  if (!key) return Error(ExitCode::failed, "the signing key in the room key file is broken");
  return std::optional(key.value().public_key());
}

namespace {

std::string another_key(const std::string& actual) {
  return "the room is signed by another key: its fingerprint is " + printable(actual) +
         ", not the one given. Somebody may have put another room in the place of yours";
}

}  // namespace

Result<void> check_fingerprint(const std::string& expected, const std::string& actual) {
  if (expected.empty() || expected == actual) return boost::outcome_v2::success();
  return Error(ExitCode::failed, another_key(actual));
}

void hold_against_fingerprint(consent::Report& report, const std::string& expected) {
  // Without a room statement there is nothing to compare, and the rule has failed already.
  if (expected.empty() || report.fingerprint.empty() || expected == report.fingerprint) return;
  const auto room = std::ranges::find(report.rules, "room", &consent::RuleResult::rule);
  if (room == report.rules.end()) return;
  room->verdict = Verdict::failed;
  room->findings.push_back(another_key(report.fingerprint));
}

Result<Report> verify(const VerifyOptions& options) {
  consent::VerifyOptions checks;
  std::vector<crypto::Identity> identities;
  if (!options.key.empty()) {
    BOOST_OUTCOME_TRY(const auto text, read_identity_text(options.key, options.passphrase));
    if (crypto::as_text(text.view()).starts_with("# unavoce key file")) {
      return Error(
          ExitCode::usage,
          options.key +
              " is a participant's key file; verify takes the room key. Verify without --key, then `unavoce open`");
    }
    BOOST_OUTCOME_TRY(identities, crypto::parse_identities(crypto::as_text(text.view())));
    BOOST_OUTCOME_TRY(checks.pinned_room_key, pinned_key_of(crypto::as_text(text.view())));
  }
  checks.room_identities = identities;
  BOOST_OUTCOME_TRY(const auto source, RecordingSource::open(options.source));
  consent::Report report = verify_with_progress(source.bundle(), checks);
  hold_against_fingerprint(report, options.fingerprint);
  const bool given = !options.fingerprint.empty() || checks.pinned_room_key.has_value();
  Report printed{text_of(report, given ? RoomIdentity::given : RoomIdentity::to_be_compared), json_of(report)};
  printed.exit_code = report.passed() ? ExitCode::ok : ExitCode::failed;
  return printed;
}

}  // namespace unavoce::cli
