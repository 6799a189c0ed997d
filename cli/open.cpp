#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/download.hpp"
#include "cli/files.hpp"
#include "cli/identities.hpp"
#include "cli/own_part.hpp"
#include "cli/progress.hpp"
#include "cli/recording_source.hpp"
#include "cli/verification.hpp"
#include "consent/openable.hpp"
#include "consent/receipt.hpp"
#include "consent/wrapped_key.hpp"
#include "crypto/age.hpp"
#include "crypto/identity_file.hpp"

namespace unavoce::cli {

namespace {

using consent::OpenableTrack;
using consent::StatementId;

constexpr std::size_t kMaxWrappedBytes = 128 * 1024;

/// The key given with --key, of either kind.
struct OpeningKey {
  std::vector<crypto::Identity> room;           ///< room key
  std::optional<crypto::PublicKey> pinned;      ///< signing key in the room key file
  std::optional<consent::KeyFile> participant;  ///< or a participant's key file
};

Result<OpeningKey> read_key(const OpenOptions& options) {
  BOOST_OUTCOME_TRY(const auto secret, read_identity_text(options.key, options.passphrase));
  const std::string_view text = crypto::as_text(secret.view());
  OpeningKey key;
  if (text.starts_with("# unavoce key file")) {
    BOOST_OUTCOME_TRY(key.participant, consent::parse_key_file(text));
    if (!key.participant->identity)
      return Error(ExitCode::failed, "nothing was recorded of the owner of this key file: there is nothing to open");
    return key;
  }
  BOOST_OUTCOME_TRY(key.room, crypto::parse_identities(text));
  BOOST_OUTCOME_TRY(key.pinned, pinned_key_of(text));
  return key;
}

/// Where a track is written: its name without ".age".
std::filesystem::path path_of(const std::string& sealed_name, const std::filesystem::path& folder) {
  return folder / sealed_name.substr(0, sealed_name.size() - 4);
}

/// Before anything is opened, so that a second run does not leave half of it renewed.
Result<void> expect_no_files(const std::vector<std::string>& sealed_names, const std::filesystem::path& folder) {
  for (const std::string& name : sealed_names) {
    const std::filesystem::path path = path_of(name, folder);
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) continue;
    return Error(ExitCode::io, path.string() +
                                   " is there already; nothing was opened. Choose another folder with -o, "
                                   "or overwrite with --force");
  }
  return boost::outcome_v2::success();
}

/// Makes the folder if need be, and looks whether anything there is in the way.
Result<void> prepare(const OpenOptions& options, const std::vector<std::string>& sealed_names) {
  std::error_code error;
  const std::filesystem::path folder(options.output_folder);
  std::filesystem::create_directories(folder, error);
  if (error) return Error(ExitCode::io, "cannot make the folder " + options.output_folder + ": " + error.message());
  return options.existing == Existing::kept ? expect_no_files(sealed_names, folder) : boost::outcome_v2::success();
}

/// Passes a track's content to its sink.
using Open = std::function<consent::Result<void>(const crypto::Sink&)>;

/// Writes what `open` gives to `path`; the file appears when all of it is there. Counts into `opened_bytes`.
Result<void> write_opened(const std::string& path, const std::string& sealed_name, std::uint64_t& opened_bytes,
                          const Open& open) {
  std::optional<Output> output;  // begun with the first authentic bytes
  std::optional<Error> write_error;
  const crypto::Sink sink = [&](crypto::ByteView bytes) -> crypto::Result<void> {
    auto written = [&]() -> Result<void> {
      if (!output) {
        BOOST_OUTCOME_TRY(auto opened, Output::open(path));
        output.emplace(std::move(opened));
      }
      return output->write(bytes);
    }();
    if (!written) {
      write_error = written.error();
      return crypto::Error{crypto::Errc::io, written.error().text};
    }
    opened_bytes += bytes.size();
    return boost::outcome_v2::success();
  };
  const auto opened = open(sink);
  if (write_error) return *write_error;
  if (!opened) return Error(Error(opened.error()).code, sealed_name + ": " + opened.error().text);
  if (!output) return Error(ExitCode::failed, sealed_name + ": there is nothing in it");
  return output->commit();
}

/// One track and how it went.
struct Attempt {
  const OpenableTrack* track;
  std::string name;  ///< of the person
  std::string path;  ///< written
  std::uint64_t opened_bytes = 0;
  std::optional<Error> error;
};

/// Opens tracks one by one with whatever key there is.
class RecordingOpener {
 public:
  RecordingOpener(const consent::Bundle& bundle, const OpeningKey& key, const std::filesystem::path& folder,
                  std::uint64_t total_bytes)
      : bundle_(bundle), key_(key), folder_(folder), progress_("opening", total_bytes) {}

  Attempt open(const OpenableTrack& track) {
    Attempt attempt{&track, {}, {}, 0, std::nullopt};
    if (auto done = try_open(track, attempt); !done) attempt.error = done.error();
    return attempt;
  }

 private:
  /// The consent key of the approval: unwrapped once, or the participant's own.
  Result<const crypto::Identity*> consent_key(const OpenableTrack& track, std::string& name) {
    if (key_.participant) return &*key_.participant->identity;
    const StatementId& id = track.track.approval;
    if (!keys_.contains(id)) {
      BOOST_OUTCOME_TRY(const auto wrapped, bundle_.read("data/keys/" + id.hex() + ".age", kMaxWrappedBytes));
      // In two steps, because "not for this key" has an exit code of its own.
      BOOST_OUTCOME_TRY(const auto plaintext, crypto::open(crypto::as_bytes(wrapped), key_.room));
      auto opened = consent::check_consent_key(crypto::as_text(plaintext.view()), track.approval);
      if (!opened) return Error(opened.error());
      keys_.emplace(id, std::move(opened).value());
    }
    name = keys_.at(id).name;
    return &keys_.at(id).identity;
  }

  Result<void> try_open(const OpenableTrack& track, Attempt& attempt) {
    BOOST_OUTCOME_TRY(const auto* key, consent_key(track, attempt.name));
    attempt.path = path_of(track.track.name, folder_).string();
    return write_opened(attempt.path, track.track.name, attempt.opened_bytes, [&](const crypto::Sink& sink) {
      return consent::open_track(bundle_, track, *key, sink, [&](std::uint64_t bytes) { progress_.add(bytes); });
    });
  }

  const consent::Bundle& bundle_;
  const OpeningKey& key_;
  const std::filesystem::path& folder_;
  Progress progress_;
  std::map<StatementId, consent::ConsentKey> keys_;
};

/// The tracks that this key is for.
std::vector<OpenableTrack> chosen(std::vector<OpenableTrack> tracks, const OpeningKey& key) {
  if (key.participant) {
    std::erase_if(tracks, [&](const OpenableTrack& track) {
      return track.approval.consent_recipient != key.participant->identity->recipient();
    });
  }
  return tracks;
}

Report report_on(const std::vector<Attempt>& attempts, const consent::Report& verification) {
  nlohmann::ordered_json json = {{"recording", verification.recording},
                                 {"verified", verification.passed()},
                                 {"files", nlohmann::ordered_json::array()},
                                 {"failed", nlohmann::ordered_json::array()}};
  Report report;
  for (const Attempt& attempt : attempts) {
    const consent::Track& track = attempt.track->track;
    if (attempt.error) {
      report.text += "FAILED  " + printable(attempt.error->text) + "\n";
      json["failed"].push_back(
          {{"track", track.name}, {"error", name_of(attempt.error->code)}, {"text", attempt.error->text}});
      if (report.exit_code == ExitCode::ok) report.exit_code = attempt.error->code;
      continue;
    }
    const bool interrupted = !attempt.track->tail.empty();
    report.text += attempt.path + "  " + human_bytes(attempt.opened_bytes) + "  " + printable(attempt.name) +
                   (interrupted ? "  (interrupted take)" : "") + "\n";
    json["files"].push_back(
        {{"path", attempt.path},
         {"track", track.name},
         {"approval", track.approval.hex()},
         {"name", attempt.name.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(attempt.name)},
         {"take", track.take},
         {"file", track.file},
         {"opened_bytes", attempt.opened_bytes},
         {"interrupted", interrupted}});
  }
  report.json = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return report;
}

/// A participant's own part, from the service.
Result<Report> open_own_part(const OpenOptions& options, const consent::KeyFile& key) {
  BOOST_OUTCOME_TRY(const auto part, OwnPart::ask(options.source.recording, key));
  std::vector<std::string> names;
  std::uint64_t total_bytes = 0;
  for (const OwnTrack& track : part.tracks()) {
    names.push_back(track.name);
    total_bytes += track.size_bytes;
  }
  BOOST_OUTCOME_TRY(prepare(options, names));
  Progress progress("opening", total_bytes);
  nlohmann::ordered_json json = {{"recording", key.recording.hex()},
                                 {"verified", false},
                                 {"goes_on", part.goes_on()},
                                 {"files", nlohmann::ordered_json::array()},
                                 {"failed", nlohmann::ordered_json::array()}};
  Report report;
  for (const OwnTrack& track : part.tracks()) {
    const std::string path = path_of(track.name, options.output_folder).string();
    std::uint64_t opened_bytes = 0;
    const auto written = write_opened(path, track.name, opened_bytes, [&](const crypto::Sink& sink) {
      return consent::open_track(part.files(), track.name, track.tail, *key.identity, sink,
                                 [&](std::uint64_t bytes) { progress.add(bytes); });
    });
    if (!written) {
      report.text += "FAILED  " + printable(written.error().text) + "\n";
      json["failed"].push_back(
          {{"track", track.name}, {"error", name_of(written.error().code)}, {"text", written.error().text}});
      if (report.exit_code == ExitCode::ok) report.exit_code = written.error().code;
      continue;
    }
    report.text += path + "  " + human_bytes(opened_bytes) + (track.tail.empty() ? "" : "  (interrupted take)") + "\n";
    json["files"].push_back(
        {{"path", path}, {"track", track.name}, {"opened_bytes", opened_bytes}, {"interrupted", !track.tail.empty()}});
  }
  report.text += "Your own part, as the service gave it out: opened with your key, not checked against the ledger.\n";
  if (part.goes_on()) report.text += "The recording has not ended: more of you may come.\n";
  report.json = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return report;
}

/// Whether the only token at hand is the one in the key file, which reads its owner's part alone.
bool asks_for_own_part(const OpenOptions& options, const OpeningKey& key) {
  return key.participant && !key.participant->token.empty() && is_address(options.source.recording) &&
         options.source.token_file.empty() && std::getenv("UNAVOCE_TOKEN") == nullptr;
}

}  // namespace

Result<Report> open_recording(const OpenOptions& options) {
  BOOST_OUTCOME_TRY(const auto key, read_key(options));
  if (asks_for_own_part(options, key)) return open_own_part(options, *key.participant);
  BOOST_OUTCOME_TRY(const auto source, RecordingSource::open(options.source));
  consent::VerifyOptions checks;
  checks.pinned_room_key = key.pinned;
  const consent::Report verification = verify_with_progress(source.bundle(), checks);
  if (!verification.passed() && options.trust == Trust::verified_only) {
    Report refused{
        text_of(verification) + "Nothing was opened. With --unverified what can be opened is opened all the same.\n",
        json_of(verification), Channel::standard_error};
    refused.exit_code = ExitCode::failed;
    return refused;
  }

  BOOST_OUTCOME_TRY(auto all_tracks, consent::openable_tracks(source.bundle()));
  const auto tracks = chosen(std::move(all_tracks), key);
  if (tracks.empty()) return Error(ExitCode::failed, "there is no track in this recording that the key is for");
  std::vector<std::string> names;
  for (const OpenableTrack& track : tracks) names.push_back(track.track.name);
  BOOST_OUTCOME_TRY(prepare(options, names));

  std::uint64_t total_bytes = 0;
  for (const OpenableTrack& track : tracks) total_bytes += track.size_bytes;
  std::vector<Attempt> attempts;
  {
    const std::filesystem::path folder(options.output_folder);
    RecordingOpener opener(source.bundle(), key, folder, total_bytes);
    for (const OpenableTrack& track : tracks) attempts.push_back(opener.open(track));
  }
  return report_on(attempts, verification);
}

}  // namespace unavoce::cli
