// A meeting in which everybody approved, and what tests look at afterwards: the ledger's entries, the files, problems.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "attendee.hpp"

namespace unavoce::server::test {

/// The kinds of a recording's ledger entries, in order.
inline std::vector<std::string> kinds_of(const RunningServer& server, const Host& host,
                                         const consent::RecordingId& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording.hex(), host.login);
  std::vector<std::string> kinds;
  const Json details = Json::parse(reply.body);
  for (const Json& entry : details.at("entries")) kinds.push_back(entry.at("kind"));
  return kinds;
}

inline std::size_t track_files(const RunningServer& server) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder() / "blobs")) {
    count += file.path().string().find(".webm.age") != std::string::npos;
  }
  return count;
}

/// Whether some file in the data folder holds this text in the clear.
inline bool is_on_the_disk(const RunningServer& server, const std::string& text) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder())) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

/// A meeting of a host and a participant in which everybody approved.
struct Recorded {
  explicit Recorded(const RunningServer& server, const std::function<void(consent::Room&)>& change = {})
      : host(server, change), anna(host, Attendee::As::host, "Anna"), ben(host, Attendee::As::participant, "Ben") {
    anna.ask();
    ben.wait_for_request();
    if (anna.approve().status != 201) throw std::runtime_error("Anna could not approve");
    const Reply reply = ben.approve();
    if (reply.status != 201) throw std::runtime_error("Ben could not approve: " + reply.body);
    publish = Json::parse(reply.body).at("publish");
    anna.wait_for_gate("open");
    ben.wait_for_gate("open");
  }
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee ben;
  Json publish;
};

inline void check_problem(const Reply& reply, unsigned status, const std::string& code) {
  CHECK(reply.status == status);
  CHECK(json_text(reply.body, "code") == code);
}

}  // namespace unavoce::server::test
