// Step 5: the track files, the wrapped keys, and the seals that fix both.
#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "consent/verifier_evidence.hpp"
#include "crypto/age.hpp"
#include "crypto/track_sealer.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kTracks = "data/tracks/";
constexpr std::string_view kKeys = "data/keys/";

std::string track_path(std::string_view name) {
  return std::string(kTracks) + std::string(name);
}

/// `t<take>-<approval>-f<file>` without its ending (docs/FORMATS.md section 5).
std::string expected_stem(const Track& track) {
  std::array<char, 64> stem{};
  std::snprintf(stem.data(), stem.size(), "t%03u-%.16s-f%03u", track.take, track.approval.hex().c_str(), track.file);
  return stem.data();
}

std::ptrdiff_t recipients_in(const std::vector<crypto::Stanza>& stanzas) {
  return std::ranges::count(stanzas, "X25519", &crypto::Stanza::type);
}

class TrackCheck {
 public:
  TrackCheck(const Evidence& evidence, Findings& findings) : evidence_(evidence), findings_(findings) {}

  void run() {
    if (evidence_.request() != nullptr) {
      for (const Rule rule : {Rule::tracks, Rule::seals, Rule::keys}) findings_.checked(rule);
    }
    for (const Found<Track>& track : evidence_.tracks) check_track(track);
    for (const Found<Seal>& seal : evidence_.seals) check_seal(seal);
    for (const Found<Take>& take : evidence_.takes) check_take_is_sealed(take);
    check_final_seal();
    check_every_file_is_sealed();
    check_keys();
  }

 private:
  void against(Rule rule, const StatementId& approval, const std::string& path, const std::string& why) {
    findings_.against(rule, approval, path + ": " + why);
  }

  bool by_service(const crypto::PublicKey& key) const {
    const Found<Room>* room = evidence_.room();
    return room == nullptr || room->body().service_key == key;
  }

  void check_track(const Found<Track>& track) {
    const Track& body = track.body();
    const auto wrong = [&](const std::string& why) { against(Rule::tracks, body.approval, track.path, why); };
    if (!by_service(body.key)) wrong("is not signed by the service that the room names");
    if (!names_.insert(body.name).second) wrong("a second track is called " + body.name);
    const std::string stem = expected_stem(body);
    if (body.name != stem + ".webm.age" && body.name != stem + ".mkv.age") {
      wrong("the track should be called " + stem + ".webm.age or .mkv.age, not " + body.name);
    }
    const Found<Approval>* approval = evidence_.approval(body.approval);
    const Found<Take>* take = evidence_.take(body.take);
    if (take == nullptr) {
      wrong("there is no take " + std::to_string(body.take));
    } else if (take->index >= track.index) {
      wrong("was begun before its take (" + take->path + ")");
    } else if (std::ranges::find(take->body().approvals, body.approval) == take->body().approvals.end()) {
      wrong("belongs to an approval that " + take->path + " does not name: nobody agreed to it in this take");
    }
    if (approval == nullptr) {
      wrong("belongs to approval " + short_id(body.approval) + ", which is not there");
    } else {
      if (!body.kinds.subset_of(approval->body().scope)) wrong("may hold kinds of media that were not granted");
      if (track.index <= approval->index) wrong("is older than its approval");
    }
    if (const FileFacts* facts = evidence_.file(track_path(body.name))) check_header(track, *facts);
    check_tail(track);
  }

  /// One X25519 stanza, and the context that the statement fixes.
  void check_header(const Found<Track>& track, const FileFacts& facts) {
    const Track& body = track.body();
    const std::string path = track_path(body.name);
    const auto wrong = [&](const std::string& why) { against(Rule::tracks, body.approval, path, why); };
    const auto parsed = crypto::parse_whole_header(facts.start);
    if (!parsed) return wrong("is no age file: " + parsed.error().text);
    const std::size_t header_bytes = parsed.value().size_bytes;
    if (crypto::sha256(crypto::ByteView(facts.start).first(header_bytes)) != body.header_sha256) {
      wrong("its header is not the one that " + track.path + " fixed before the first frame");
    }
    const auto& stanzas = parsed.value().header.stanzas;
    const crypto::Stanza context{"unavoce.track/v1",
                                 {"rec=" + body.recording.hex(), "take=" + std::to_string(body.take),
                                  "approval=" + body.approval.hex(), "file=" + std::to_string(body.file)},
                                 {}};
    if (stanzas.front() != context) wrong("its header names another recording, take, approval or file");
    if (stanzas.size() != 2 || recipients_in(stanzas) != 1) wrong("is not sealed to exactly one recipient");
  }

  /// A tail next to a main file belongs to it and continues it where it ends.
  void check_tail(const Found<Track>& track) {
    const StatementId& approval = track.body().approval;
    const std::string path = track_path(tail_name(track.body().name));
    const FileFacts* tail = evidence_.file(path);
    if (tail == nullptr) return;
    const auto wrong = [&](const std::string& why) { against(Rule::tracks, approval, path, why); };
    const auto info = crypto::read_tail_header(tail->start);
    if (!info) return wrong(info.error().text);
    if (info.value().track_sha256 != track.body().header_sha256) return wrong("belongs to another track");
    const auto parsed = crypto::parse_whole_header(tail->start);
    if (parsed && (parsed.value().header.stanzas.size() != 2 || recipients_in(parsed.value().header.stanzas) != 1)) {
      wrong("is not sealed to exactly one recipient");
    }
    const FileFacts* main = evidence_.file(track_path(track.body().name));
    if (main == nullptr) return wrong("is here without its main file");
    const auto repair = crypto::plan_repair(main->start, tail->start);
    if (!repair) return wrong(repair.error().text);
    if (main->size_bytes != repair.value().truncate_to + repair.value().fin.size()) {
      wrong("does not continue " + track.body().name + " where it ends");
    }
  }

  void check_seal(const Found<Seal>& seal) {
    const Seal& body = seal.body();
    if (!by_service(body.key))
      findings_.against(Rule::seals, seal.path + ": is not signed by the service that the room names");
    std::set<std::string> names;
    for (const SealedTrack& sealed : body.tracks) {
      if (!names.insert(sealed.name).second) {
        against(Rule::seals, sealed.approval, seal.path, "names " + sealed.name + " twice");
      }
      check_sealed_track(seal, sealed);
    }
  }

  /// The track statement a sealed file goes back to: its own, or that of the main file.
  const Found<Track>* origin_of(const SealedTrack& sealed) const {
    const auto called = [&](std::string_view name) {
      return std::ranges::find_if(evidence_.tracks,
                                  [&](const Found<Track>& track) { return track.body().name == name; });
    };
    auto found = called(sealed.name);
    if (found == evidence_.tracks.end()) found = called(main_name_of_tail(sealed.name));
    return found == evidence_.tracks.end() ? nullptr : &*found;
  }

  void check_sealed_track(const Found<Seal>& seal, const SealedTrack& sealed) {
    const auto wrong = [&](const std::string& why) {
      against(Rule::seals, sealed.approval, track_path(sealed.name), why + " (" + seal.path + ")");
    };
    const Found<Track>* track = origin_of(sealed);
    if (track == nullptr) return wrong("was sealed, but no statement says that it was begun");
    sealed_.insert(sealed.name);
    const bool is_main = sealed.name == track->body().name;
    if (track->index >= seal.index) wrong("was begun after it was sealed");
    if (seal.body().take && *seal.body().take != track->body().take) wrong("was sealed with another take");
    if (sealed.approval != track->body().approval || sealed.file != track->body().file)
      wrong("was sealed for another approval");
    if (is_main && sealed.header_sha256 != track->body().header_sha256) wrong("was sealed with another header");
    if (sealed.last_arrival_ms > seal.body().issued_ms.value) wrong("has frames that arrived after it was sealed");

    const FileFacts* facts = evidence_.file(track_path(sealed.name));
    if (sealed.empty) {
      if (facts != nullptr) wrong("is here, but was sealed as empty");
    } else if (facts == nullptr) {
      if (!evidence_.was_erased(sealed.name)) wrong("is missing, and no statement says that it was erased");
    } else if (facts->size_bytes != sealed.size_bytes) {
      wrong("has " + std::to_string(facts->size_bytes) + " bytes, but was sealed with " +
            std::to_string(sealed.size_bytes));
    } else if (facts->sha256 != sealed.sha256) {
      wrong("is not the file that was sealed: it was changed");
    } else if (const auto header = crypto::parse_whole_header(facts->start);
               header && sealed.header_sha256 !=
                             crypto::sha256(crypto::ByteView(facts->start).first(header.value().size_bytes))) {
      wrong("has not the header that was sealed");
    }
  }

  void check_take_is_sealed(const Found<Take>& take) {
    std::size_t seals = 0;
    for (const Found<Seal>& seal : evidence_.seals) {
      if (seal.body().take != take.body().take) continue;
      ++seals;
      if (seal.index <= take.index) findings_.against(Rule::seals, seal.path + ": seals a take that had not begun");
    }
    if (seals != 1) {
      findings_.against(Rule::seals, take.path + ": take " + std::to_string(take.body().take) +
                                         " should be sealed once, and is sealed " + std::to_string(seals) + " times");
    }
    for (const Found<Track>& track : evidence_.tracks) {
      if (track.body().take != take.body().take || sealed_.contains(track.body().name)) continue;
      if (!evidence_.was_erased(track.body().name)) {
        against(Rule::seals, track.body().approval, track.path, "its file was never sealed");
      }
    }
  }

  void check_final_seal() {
    const Found<Seal>* end = nullptr;
    for (const Found<Seal>& seal : evidence_.seals) {
      if (seal.body().take) {
        if (!evidence_.take(*seal.body().take))
          findings_.against(Rule::seals, seal.path + ": seals a take that is not there");
        continue;
      }
      // The first one is the end; a second one only counts what was taken back and erased since.
      if (end == nullptr) end = &seal;
      if (!seal.body().tracks.empty()) findings_.against(Rule::seals, seal.path + ": a final seal lists no tracks");
      if (seal.body().entries != seal.sequence + 1) {
        findings_.against(Rule::seals, seal.path + ": counts " + std::to_string(seal.body().entries.value_or(0)) +
                                           " entries, but it is number " + std::to_string(seal.sequence + 1));
      }
    }
    if (end == nullptr) {
      return findings_.against(Rule::seals,
                               "data/entries: there is no final seal, so entries may be missing at the end");
    }
    // Only taking back and erasing may go on after the end.
    const auto after = [&](const auto& all) {
      for (const auto& one : all) {
        if (one.index > end->index) findings_.against(Rule::seals, one.path + ": came after the final seal");
      }
    };
    after(evidence_.approvals);
    after(evidence_.refusals);
    after(evidence_.takes);
    after(evidence_.tracks);
    for (const Found<Seal>& seal : evidence_.seals) {
      if (seal.index > end->index && seal.body().take) {
        findings_.against(Rule::seals, seal.path + ": came after the final seal");
      }
    }
  }

  void check_every_file_is_sealed() {
    for (const auto& [path, facts] : evidence_.files) {
      if (!path.starts_with(kTracks)) continue;
      if (!sealed_.contains(path.substr(kTracks.size()))) {
        findings_.against(Rule::seals, path + ": no seal names this file");
      }
    }
  }

  void check_keys() {
    for (const Found<Approval>& approval : evidence_.approvals) check_key(approval);
    for (const auto& [path, facts] : evidence_.files) {
      if (!path.starts_with(kKeys)) continue;
      const auto id = StatementId::parse(std::string_view(path).substr(kKeys.size(), 64));
      const bool known =
          id && evidence_.approval(id.value()) != nullptr && path == std::string(kKeys) + id.value().hex() + ".age";
      if (!known) findings_.against(Rule::keys, path + ": belongs to no approval");
    }
  }

  void check_key(const Found<Approval>& approval) {
    const std::string path = std::string(kKeys) + approval.id().hex() + ".age";
    const auto wrong = [&](const std::string& why) { against(Rule::keys, approval.id(), path, why); };
    const FileFacts* facts = evidence_.file(path);
    if (!approval.body().wrapped_sha256) {
      if (facts != nullptr) wrong("is here, but nothing was granted");
      return;
    }
    if (facts == nullptr) {
      if (!evidence_.was_erased("wrapped:" + approval.id().hex()))
        wrong("is missing, and no statement says that it was erased");
      return;
    }
    if (facts->sha256 != *approval.body().wrapped_sha256)
      wrong("is not the wrapped key that was approved: it was changed");
    const Found<Room>* room = evidence_.room();
    const auto stanzas = crypto::count_x25519_stanzas(facts->start);
    if (!stanzas) return wrong("is no age file: " + stanzas.error().text);
    if (room != nullptr && stanzas.value() != room->body().recipients.size()) {
      wrong("is sealed to " + std::to_string(stanzas.value()) + " recipients, but the room announced " +
            std::to_string(room->body().recipients.size()));
    }
  }

  const Evidence& evidence_;
  Findings& findings_;
  std::set<std::string> names_;
  std::set<std::string> sealed_;
};

}  // namespace

void verify_tracks(const Evidence& evidence, Findings& findings) {
  TrackCheck(evidence, findings).run();
}

}  // namespace unavoce::consent
