// What `verify`, `open` and `receipt verify` share: running the verifier with a progress bar, and saying how it came
// out.
//
// Owner: values. Thread: main. Errors: failed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/error.hpp"
#include "consent/verifier.hpp"

namespace unavoce::cli {

consent::Report verify_with_progress(const consent::Bundle& bundle, consent::VerifyOptions options);

/// Whether somebody has said which room it must be: by fingerprint, or by a room key file that holds the signing key.
enum class RoomIdentity { given, to_be_compared };

/// For people, one line per participant and one per rule.
std::string text_of(const consent::Report& report, RoomIdentity identity = RoomIdentity::to_be_compared);
/// One object, docs/CLI.md.
std::string json_of(const consent::Report& report);
/// `passed`, `failed`, `not_checked`.
std::string_view name_of(consent::Verdict verdict);

/// The public half of the signing key in a room key file; nothing if the file has none.
Result<std::optional<crypto::PublicKey>> pinned_key_of(std::string_view room_key_text);

/// Makes a fingerprint that is not the one given a finding against the rule `room`.
void hold_against_fingerprint(consent::Report& report, const std::string& expected);

/// Errors: failed if a fingerprint was given and it is not this one.
Result<void> check_fingerprint(const std::string& expected, const std::string& actual);

}  // namespace unavoce::cli
