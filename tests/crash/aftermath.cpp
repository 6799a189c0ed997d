#include "aftermath.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <filesystem>

#include "consent/ledger_store.hpp"
#include "crypto/merkle.hpp"
#include "storage/blob_store.hpp"
#include "tests/patience.hpp"
#include "tests/program.hpp"

namespace unavoce::crash {

using namespace server::test;
using recorder::Stream;
using recorder::test::FrameName;
using recorder::test::SentFrame;

namespace {

namespace fs = std::filesystem;

/// Between the log of a frame and its first packet on the wire a busy machine may do other things.
constexpr std::int64_t kOnItsWayNs = 1'000'000'000LL * testing::kSlower;
/// In an ordinary build; in a slow one media waits longer before the disk (unavoced.cpp).
constexpr std::int64_t kMostLostMs = 2000 * testing::kSlower;
constexpr std::int64_t kSoundMs = 20;
constexpr std::int64_t kThreePicturesMs = 100;

/// How the names of all files of an approval go on after the take (docs/FORMATS.md section 2).
std::string mark_of(const consent::StatementId& approval) {
  return "-" + approval.hex().substr(0, 16) + "-f";
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code ignored;  // a recording without a take has no folder
  for (const auto& entry : fs::directory_iterator(folder, ignored)) names.insert(entry.path().filename());
  return names;
}

const char* name_of(Stream stream) {
  return stream == Stream::audio ? "sound" : "picture";
}

std::int64_t milliseconds_of(Stream stream, std::size_t frames) {
  const auto count = static_cast<std::int64_t>(frames);
  return stream == Stream::audio ? count * kSoundMs : count * kThreePicturesMs / 3;
}

}  // namespace

std::string Aftermath::path_of(const consent::RecordingId& recording, const std::string& name) const {
  return (host_.server.data_folder() / "blobs" / recording.hex() / name).string();
}

std::vector<std::string> Aftermath::wrong(Chronicle& chronicle) {
  wrong_.clear();
  figures_ = {.worst_loss_ms = figures_.worst_loss_ms};
  look_at_ledger(chronicle);
  for (const auto& recording : chronicle.asked) {
    if (chronicle.erased.contains(recording))
      look_at_erased(chronicle, recording);
    else
      look_at(chronicle, recording, read_story(host_, recording));
  }
  send_again(chronicle);
  return wrong_;
}

/// The tree only grows, and covers every checkpoint that anybody was given.
void Aftermath::look_at_ledger(const Chronicle& chronicle) {
  SQLite::Database database((host_.server.data_folder() / "ledger.db").string(), SQLite::OPEN_READWRITE);
  std::vector<crypto::Digest> leaves;
  crypto::MerkleTree tree;
  consent::LedgerStore(database).for_each_leaf([&](const consent::LeafRow& leaf) {
    leaves.push_back(leaf.hash);
    tree.append(leaf.hash);
  });
  const bool grew = leaves.size() >= leaves_.size() && std::equal(leaves_.begin(), leaves_.end(), leaves.begin());
  if (!grew) say("the ledger does not continue the one before the kill");
  for (const auto& seen : chronicle.checkpoints) {
    if (seen.size > tree.size() || tree.root_at(seen.size) != seen.root)
      say("a checkpoint of " + std::to_string(seen.size) + " entries that was given out is no part of the ledger");
  }
  leaves_ = std::move(leaves);
}

void Aftermath::look_at(const Chronicle& chronicle, const consent::RecordingId& recording, const Story& story) {
  const std::size_t before = wrong_.size();
  for (const auto& [of, id] : chronicle.acknowledged) {
    if (of == recording && !story.statements.contains(id)) say("acknowledged and not in the ledger: " + id.hex());
  }
  look_at_takes(chronicle, recording, story);
  look_at_folder(recording, story);
  look_at_withdrawals(chronicle, recording, story);
  for (const Answer& answer : chronicle.answers) {
    if (answer.recording == recording) look_at_answer(chronicle, answer, story);
  }
  if (std::exchange(verified_[recording], story.entries) != story.entries) verify(recording, story);
  for (std::size_t i = before; i < wrong_.size(); ++i) wrong_[i] = recording.hex() + ": " + wrong_[i];
}

/// What the service had noted before it died the next start has finished, and nothing of it comes back.
void Aftermath::look_at_erased(const Chronicle& chronicle, const consent::RecordingId& recording) {
  const std::string target = "/api/v1/recordings/" + recording.hex();
  if (host_.server.fetch("GET", target + "/erasure").status != 200)
    say(recording.hex() + ": its erasure was cut off, and did not go on");
  std::vector<std::string> parts = {"", "/bundle", "/tracks"};
  for (const Answer& answer : chronicle.answers)
    if (answer.recording == recording) parts.push_back("/keys/" + answer.id.hex());
  for (const std::string& part : parts) {
    if (host_.server.fetch("GET", target + part, host_.login).status < 400)
      say(recording.hex() + part + ": erased, and given out");
  }
  if (fs::exists(host_.server.data_folder() / "blobs" / recording.hex()))
    say(recording.hex() + ": erased, and there are files of it");
}

void Aftermath::look_at_takes(const Chronicle& chronicle, const consent::RecordingId& recording, const Story& story) {
  const auto seals_of = [&](std::uint32_t take) {
    return std::ranges::count_if(story.seals, [&](const auto& seal) { return *seal.take == take; });
  };
  for (const std::uint32_t take : story.takes) {
    if (seals_of(take) != 1) say("take " + std::to_string(take) + " has " + std::to_string(seals_of(take)) + " seals");
  }
  for (const auto& seal : story.seals) {
    const auto was_killed = [&](const auto& one) { return one.recording == recording && one.take == *seal.take; };
    const bool is_interrupted = seal.reason == consent::EndReason::interrupted;
    if (!is_interrupted && std::ranges::any_of(chronicle.interrupted, was_killed))
      say("take " + std::to_string(*seal.take) + " was interrupted, and its seal does not say so");
    figures_.interrupted += is_interrupted ? 1 : 0;
  }
  figures_.takes += story.takes.size();
  if (story.state != expected_state(story))
    say("the list says '" + story.state + "' instead of '" + expected_state(story) + "'");
  if (chronicle.stopped.contains(recording) && !story.is_finished) say("it was stopped and has no final seal");
}

/// Every file is one that was sealed, byte for byte, and none is missing.
void Aftermath::look_at_folder(const consent::RecordingId& recording, const Story& story) {
  const auto names = names_in(host_.server.data_folder() / "blobs" / recording.hex());
  for (const std::string& name : names) {
    if (!story.has_kept(name)) say("no seal speaks of " + name);
  }
  for (const auto& [name, file] : story.files) {
    if (!story.has_kept(name)) continue;
    if (!names.contains(name))
      say("sealed and gone: " + name);
    else if (crypto::sha256(testing::read_file(path_of(recording, name))) != file.sha256)
      say("changed after it was sealed: " + name);
    ++figures_.files;
  }
}

/// What is in the ledger is carried out, whether or not anybody was told.
void Aftermath::look_at_withdrawals(const Chronicle& chronicle, const consent::RecordingId& recording,
                                    const Story& story) {
  const auto names = names_in(host_.server.data_folder() / "blobs" / recording.hex());
  for (const Withdrawal& withdrawal : chronicle.withdrawals) {
    if (withdrawal.recording != recording || !story.statements.contains(withdrawal.id)) continue;
    for (const Answer& answer : chronicle.answers) {
      const bool covered = answer.recording == recording && answer.key == withdrawal.key;
      if (!covered || !story.statements.contains(answer.id)) continue;
      for (const std::string& name : names) {
        if (name.find(mark_of(answer.id)) != std::string::npos) say("withdrawn and still there: " + name);
      }
      if (!story.erased.contains("wrapped:" + answer.id.hex()))
        say("no statement that this key was erased: " + answer.id.hex());
      const Reply key =
          host_.server.fetch("GET", "/api/v1/recordings/" + recording.hex() + "/keys/" + answer.id.hex(), host_.login);
      if (key.status != 410) say("a withdrawn key is answered with " + std::to_string(key.status));
      ++figures_.erased;
    }
  }
}

/// All frames of one approval: its author's, none from while the gate was closed, and all but the last two seconds.
void Aftermath::look_at_answer(const Chronicle& chronicle, const Answer& answer, const Story& story) {
  std::map<std::uint32_t, Frames> takes;
  bool is_erased = story.erased.contains("wrapped:" + answer.id.hex());
  for (const auto& [name, file] : story.files) {
    if (!story.has_kept(name) || file.approval != answer.id || storage::is_tail_name(name)) continue;
    const auto& file_opened = opened(answer, file, story);
    if (!file_opened.wrong.empty()) say(name + ": " + file_opened.wrong);
    auto& frames = takes[static_cast<std::uint32_t>(std::stoul(name.substr(1, 3)))];
    frames.insert(file_opened.frames.begin(), file_opened.frames.end());
    figures_.frames += file_opened.frames.size();
  }
  std::map<FrameName, std::int64_t> sent;
  for (const SentFrame& frame : answer.sent) sent.emplace(frame.name, frame.sent_ns);
  for (const auto& [take, frames] : takes) {
    for (const FrameName& frame : frames) {
      const auto found = sent.find(frame);
      if (found == sent.end()) {
        say("a frame in the wrong file:" + recorder::test::names({frame}));
        continue;
      }
      const bool outside = std::ranges::any_of(chronicle.closed, [&](const Closed& closed) {
        return found->second >= closed.from_ns && found->second < closed.to_ns - kOnItsWayNs;
      });
      if (outside) say("a frame from while the gate was closed:" + recorder::test::names({frame}));
    }
  }
  if (is_erased) return;
  for (const Window& window : answer.windows) {
    look_at_window(answer, window, Stream::audio, takes[window.take]);
    if (answer.has_picture) look_at_window(answer, window, Stream::video, takes[window.take]);
  }
}

void Aftermath::look_at_window(const Answer& answer, const Window& window, Stream stream, const Frames& on_disk) {
  if (answer.connected_ns == 0) return;
  ++figures_.windows;
  Frames kept;
  std::ranges::copy_if(on_disk, std::inserter(kept, kept.end()),
                       [&](const auto& name) { return name.first == stream; });
  const int first = kept.empty() ? 0 : kept.begin()->second;
  const int last = kept.empty() ? 0 : kept.rbegin()->second;
  std::size_t lost = 0;
  Frames missing;
  for (const SentFrame& frame : answer.sent) {
    if (frame.name.first != stream) continue;
    const int number = frame.name.second;
    if (number > first && number < last && !kept.contains(frame.name)) missing.insert(frame.name);
    const bool was_open =
        frame.sent_ns >= std::max(window.from_ns, answer.connected_ns) && frame.sent_ns <= window.to_ns;
    if (was_open && number > last) ++lost;
  }
  const std::int64_t lost_ms = milliseconds_of(stream, lost);
  figures_.worst_loss_ms = std::max(figures_.worst_loss_ms, lost_ms);
  const std::string where = std::string(name_of(stream)) + " of approval " + answer.id.hex().substr(0, 16) +
                            " in take " + std::to_string(window.take);
  if (lost_ms > kMostLostMs) say(std::to_string(lost_ms) + " ms lost: " + where);
  if (!missing.empty()) say("missing in the middle: " + where + ":" + recorder::test::names(missing));
}

const OpenedFile& Aftermath::opened(const Answer& answer, const consent::SealedTrack& file, const Story& story) {
  const std::string tail = storage::tail_name(file.name);
  // A tail is new whenever its main file is: the main file's key is in its header.
  const auto known = opened_.find(file.sha256);
  if (known != opened_.end()) return known->second;
  const std::string tail_path = story.has_kept(tail) ? path_of(answer.recording, tail) : std::string();
  return opened_[file.sha256] = open_file(path_of(answer.recording, file.name), tail_path, answer.e, scratch_);
}

/// One that nobody answered is either in effect, or takes effect now.
void Aftermath::send_again(Chronicle& chronicle) {
  for (Withdrawal& withdrawal : chronicle.withdrawals) {
    if (withdrawal.acknowledged) continue;
    const Reply reply = post_statement(host_.server, withdrawal.envelope);
    if (chronicle.erased.contains(withdrawal.recording)) {
      if (reply.status != 410)
        say("a withdrawal from what was erased is answered with " + std::to_string(reply.status));
      withdrawal.acknowledged = true;
      continue;
    }
    if (reply.status != 201) {
      say("a withdrawal that is sent again is answered with " + std::to_string(reply.status) + ": " + reply.body);
      continue;
    }
    withdrawal.acknowledged = true;
    chronicle.acknowledged.push_back({withdrawal.recording, withdrawal.id});
    look_at(chronicle, withdrawal.recording, read_story(host_, withdrawal.recording));
  }
}

/// One that goes on lacks its final seal, and nothing else.
void Aftermath::verify(const consent::RecordingId& recording, const Story& story) {
  const std::string bundle = scratch_ + "/bundle.tar";
  const Reply reply = host_.server.fetch("GET", "/api/v1/recordings/" + recording.hex() + "/bundle", host_.login);
  if (reply.status != 200) {
    say("no bundle: " + reply.body);
    return;
  }
  testing::write_text(bundle, reply.body);
  const auto verified = testing::run(std::string(UNAVOCE_PROGRAM) + " verify --json " + bundle + " 2>&1");
  const Json report = Json::parse(verified.output);
  for (const Json& rule : report.at("rules")) {
    for (const Json& finding : rule.at("findings")) {
      const std::string text = finding.dump();
      const bool is_open = !story.is_finished && text.find("there is no final seal") != std::string::npos;
      if (!is_open) say("it does not verify: " + text);
    }
  }
  // The service gives a recording up two minutes after its start, which may be between the story and the bundle.
  const bool passed = report.at("passed").get<bool>();
  const bool finished_since = read_story(host_, recording).is_finished;
  if (passed ? !finished_since : story.is_finished) say("verified: " + verified.output);
}

}  // namespace unavoce::crash
