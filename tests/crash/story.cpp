#include "story.hpp"

#include "crypto/dsse.hpp"

namespace unavoce::crash {

using namespace server::test;

namespace {

void add_seal(Story& story, const consent::Seal& seal) {
  story.was_interrupted = story.was_interrupted || seal.reason == consent::EndReason::interrupted;
  if (!seal.take) {
    story.is_finished = true;
    return;
  }
  story.seals.push_back(seal);
  for (const auto& track : seal.tracks) story.files.emplace(track.name, track);
}

void add(Story& story, const std::string& kind, const std::string& envelope) {
  const auto parsed = crypto::parse_envelope(envelope).value();
  story.statements.insert(consent::StatementId(crypto::statement_id(parsed.payload_type, parsed.payload)));
  if (kind == "take") story.takes.push_back(consent::parse_statement<consent::Take>(envelope).value().body.take);
  if (kind == "seal") add_seal(story, consent::parse_statement<consent::Seal>(envelope).value().body);
  if (kind == "erased") {
    const auto erased = consent::parse_statement<consent::Erased>(envelope).value().body;
    story.erased.insert(erased.what.begin(), erased.what.end());
  }
}

Json asked_for(const Host& host, const std::string& target) {
  const Reply reply = host.server.fetch("GET", target, host.login);
  if (reply.status != 200) throw std::runtime_error(target + ": " + std::to_string(reply.status) + " " + reply.body);
  return Json::parse(reply.body);
}

}  // namespace

bool Story::has_kept(const std::string& name) const {
  const auto file = files.find(name);
  return file != files.end() && !file->second.empty && !erased.contains(name);
}

Story read_story(const Host& host, const consent::RecordingId& recording) {
  Story story;
  const Json details = asked_for(host, "/api/v1/recordings/" + recording.hex());
  for (const Json& entry : details.at("entries")) {
    const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
    add(story, entry.at("kind"), std::string(crypto::as_text(envelope)));
    ++story.entries;
  }
  const Json list = asked_for(host, "/api/v1/recordings");
  for (const Json& listed : list.at("recordings")) {
    if (listed.at("recording") == recording.hex()) story.state = listed.at("state");
  }
  return story;
}

std::string expected_state(const Story& story) {
  if (story.is_finished) return story.was_interrupted ? "interrupted" : "sealed";
  return story.takes.empty() ? "waiting" : "paused";
}

}  // namespace unavoce::crash
