#include "server/recording_view.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "consent/statements.hpp"
#include "crypto/bytes.hpp"
#include "crypto/dsse.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::server {
namespace {

/// Gathers what the statements of one recording say, entry by entry, in their order.
class Collector {
 public:
  Result<void> add(const consent::Entry& entry) {
    if (entry.kind == "request") return add_request(entry);
    if (entry.kind == "take") open_takes_ += 1, takes_ += 1;
    if (entry.kind == "seal") return add_seal(entry);
    if (entry.kind == "erased") return add_erased(entry);
    return boost::outcome_v2::success();
  }

  RecordingView finish() && {
    RecordingView view;
    view.state = state();
    Json tracks = Json::array();
    for (Json& track : tracks_) {
      const std::string name = track.at("name");
      const bool erased = erased_.contains(name);
      track["erased"] = erased;
      if (!erased && !track.at("empty").get<bool>()) {
        view.file_names.push_back(name);
      }
      tracks.push_back(std::move(track));
    }
    view.delete_after = delete_after_;
    view.json = std::move(request_);
    view.json["state"] = state_name(view.state);
    view.json["takes"] = takes_;
    view.json["tracks"] = std::move(tracks);
    return view;
  }

 private:
  Result<void> add_request(const consent::Entry& entry) {
    BOOST_OUTCOME_TRY(auto request, consent::parse_statement<consent::Request>(entry.envelope));
    delete_after_ = request.body.delete_after_ms;
    request_ = {
        {"recording", request.body.recording.hex()},    {"room", request.body.room.hex()},
        {"session", request.body.session.hex()},        {"purpose", request.body.purpose},
        {"requested_ms", request.body.issued_ms.value}, {"delete_after_ms", request.body.delete_after_ms.value}};
    return boost::outcome_v2::success();
  }

  Result<void> add_seal(const consent::Entry& entry) {
    BOOST_OUTCOME_TRY(auto seal, consent::parse_statement<consent::Seal>(entry.envelope));
    // The sealed tracks are passed on as they were signed.
    BOOST_OUTCOME_TRY(auto envelope, crypto::parse_envelope(entry.envelope));
    const Json body = Json::parse(crypto::as_text(envelope.payload));
    if (body.at("reason") == "interrupted") interrupted_ = true;
    if (!seal.body.take) {
      finished_ = true;
      return boost::outcome_v2::success();
    }
    open_takes_ = std::max(0, open_takes_ - 1);
    for (const Json& track : body.at("tracks")) tracks_.push_back(track);
    return boost::outcome_v2::success();
  }

  Result<void> add_erased(const consent::Entry& entry) {
    BOOST_OUTCOME_TRY(auto erased, consent::parse_statement<consent::Erased>(entry.envelope));
    erased_.insert(erased.body.what.begin(), erased.body.what.end());
    return boost::outcome_v2::success();
  }

  RecordingState state() const {
    if (finished_) return interrupted_ ? RecordingState::interrupted : RecordingState::sealed;
    if (open_takes_ > 0) return RecordingState::recording;
    return takes_ > 0 ? RecordingState::paused : RecordingState::waiting;
  }

  Json request_ = Json::object();
  consent::TimeMs delete_after_{};
  std::vector<Json> tracks_;
  std::set<std::string> erased_;
  int open_takes_ = 0;
  int takes_ = 0;
  bool finished_ = false;
  bool interrupted_ = false;
};

}  // namespace

std::string_view state_name(RecordingState state) noexcept {
  switch (state) {
    case RecordingState::waiting:
      return "waiting";
    case RecordingState::recording:
      return "recording";
    case RecordingState::paused:
      return "paused";
    case RecordingState::sealed:
      return "sealed";
    case RecordingState::interrupted:
      return "interrupted";
    case RecordingState::erasing:
      return "erasing";
  }
  return "waiting";
}

Result<RecordingView> view_recording(consent::Ledger& ledger, std::string_view recording) {
  constexpr std::array<std::string_view, 4> needed{"request", "take", "seal", "erased"};
  BOOST_OUTCOME_TRY(auto entries, ledger.entries(recording, needed));
  // Of an erased one there is no request any more.
  if (entries.empty() || entries.front().kind != "request") return Error(Errc::not_found, "there is no such recording");
  Collector collector;
  for (const consent::Entry& entry : entries) {
    BOOST_OUTCOME_TRY(collector.add(entry));
  }
  RecordingView view = std::move(collector).finish();
  view.statements = entries.size();
  return view;
}

}  // namespace unavoce::server
