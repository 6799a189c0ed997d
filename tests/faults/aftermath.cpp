#include "aftermath.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>

#include "consent/verifier.hpp"
#include "tests/patience.hpp"
#include "tests/recorder/numbered_frames.hpp"

namespace unavoce::faults {
namespace {

namespace fs = std::filesystem;
using recorder::test::FrameName;

constexpr std::string_view kMark = "unavoce-frame-";  // in every frame (numbered_frames.hpp)
constexpr std::int64_t kMs = 1'000'000;
/// From the payloader to the service's socket on a busy machine.
constexpr std::int64_t kOnTheWire_ns = 500 * kMs * testing::kSlower;

class LookAtBundle {
 public:
  explicit LookAtBundle(const Known& known) : known_(known) {}

  std::vector<std::string> wrong_in(const fs::path& path) {
    look(path);
    return std::move(complaints_);
  }

 private:
  void complain(const std::string& text) { complaints_.push_back(text); }

  void look(const fs::path& path) {
    auto bundle = consent::Bundle::open(path);
    if (!bundle) return complain("no bundle: " + bundle.error().text);
    const std::array identities{
        crypto::Identity::parse(crypto::as_text(known_.host.room_identity.secret_text().view())).value()};
    const auto report = consent::verify_bundle(
        bundle.value(),
        {.room_identities = identities, .pinned_room_key = known_.host.room_key.public_key(), .progress = {}});
    for (const auto& rule : report.rules)
      for (const auto& finding : rule.findings)
        if (rule.verdict == consent::Verdict::failed) complain("verify, " + rule.rule + ": " + finding);
    const auto tracks = consent::openable_tracks(bundle.value());
    if (!tracks) return complain("tracks: " + tracks.error().text);
    std::size_t frames = 0;
    for (const auto& track : tracks.value()) frames += look_at_track(bundle.value(), track);
    if (frames < 20) complain("only " + std::to_string(frames) + " frames of Anna's are there");
  }

  std::size_t look_at_track(const consent::Bundle& bundle, const consent::OpenableTrack& track) {
    const std::string& name = track.track.name;
    const auto owner =
        std::ranges::find_if(known_.approvals, [&](const auto& entry) { return entry.first == track.track.approval; });
    if (owner == known_.approvals.end() || owner->first == known_.withdrawn) {
      complain("a track of nobody's, or withdrawn: " + name);
      return 0;
    }
    std::vector<std::uint8_t> plain;
    const auto opened = consent::open_track(bundle, track, owner->second, [&](crypto::ByteView bytes) {
      plain.insert(plain.end(), bytes.begin(), bytes.end());
      return crypto::Result<void>(boost::outcome_v2::success());
    });
    if (!opened) complain(name + " does not open: " + opened.error().text);
    const auto frames = recorder::test::frames_in(plain);
    compare_with_gate(name, frames);
    return frames.size();
  }

  /// No frame that was sent after a take's gate had closed, nor long before it opened.
  void compare_with_gate(const std::string& name, const std::set<FrameName>& frames) {
    if (frames.empty()) return;
    const auto& gate = known_.gate;
    const auto is_inside = [&](std::int64_t sent_ns) {
      for (std::size_t i = 0; i + 1 < gate.size(); ++i) {
        if (gate[i].state != GateLine::State::open) continue;
        if (sent_ns >= gate[i].at_ns - kOnTheWire_ns && sent_ns <= gate[i + 1].at_ns) return true;
      }
      return false;
    };
    for (const auto& sent : known_.sent) {
      if (frames.contains(sent.name) && !is_inside(sent.sent_ns))
        return complain(name + " holds a frame from outside of an open gate");
    }
  }

  const Known& known_;
  std::vector<std::string> complaints_;
};

bool holds_the_mark(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  return bytes.find(kMark) != std::string::npos;
}

/// The lines of the log that an operator is alarmed by.
std::vector<std::string> alarms_in(const std::string& log) {
  std::vector<std::string> lines;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);)
    if (line.find("Z error ") != std::string::npos || line.find("Z warning ") != std::string::npos)
      lines.push_back(line);
  return lines;
}

/// What SQLite's and our own errors call it: a database by its name, whichever of its files it was; everything else by
/// its path.
std::string name_in_errors(const fs::path& path) {
  for (const char* database : {"ledger.db", "unavoce.db"})
    if (path.filename().string().starts_with(database)) return database;
  return path.string();
}

/// Whole: "blobs" is not named by what lies in it, nor "t001-….webm.age" by another name that ends like it.
bool names(const std::string& line, const std::string& name) {
  const auto goes_on = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '-'; };
  for (auto at = line.find(name); at != std::string::npos; at = line.find(name, at + 1)) {
    const auto end = at + name.size();
    if (end == line.size() || !goes_on(line[end])) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> wrong_in_bundle(const fs::path& path, const Known& known) {
  return LookAtBundle(known).wrong_in(path);
}

std::vector<std::string> media_in_the_clear(const fs::path& folder) {
  std::vector<std::string> complaints;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file() && holds_the_mark(file.path()))
      complaints.push_back("media in the clear in " + file.path().filename().string());
  }
  return complaints;
}

bool is_named_in(const std::string& log, const std::string& start_errors, const std::set<fs::path>& refused) {
  std::vector<std::string> lines = alarms_in(log);
  lines.push_back(start_errors);
  return std::ranges::any_of(refused, [&](const fs::path& path) {
    return std::ranges::any_of(lines, [&](const std::string& line) { return names(line, name_in_errors(path)); });
  });
}

}  // namespace unavoce::faults
