#include "ended_recording.hpp"

#include <algorithm>

#include "faulty_service.hpp"
#include "publishing.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::faults {
namespace {

using namespace server::test;
namespace fs = std::filesystem;

/// More than a file without media has.
constexpr std::uintmax_t kSomeMedia_bytes = 8'000;

/// What lies there of an approval, in its file and tail.
std::uintmax_t bytes_of_approval(const fs::path& recording, const consent::StatementId& approval) {
  const std::string mark = "-" + approval.hex().substr(0, 16) + "-f";
  std::uintmax_t bytes = 0;
  std::error_code gone;
  for (const auto& file : fs::directory_iterator(recording, gone)) {
    if (file.path().filename().string().find(mark) == std::string::npos) continue;
    const auto size = file.file_size(gone);  // a tail may be replaced at this moment
    if (!gone) bytes += size;
  }
  return bytes;
}

Json place_for(Attendee& person) {
  const Reply reply = person.approve();
  if (reply.status != 201) throw std::runtime_error("not approved: " + reply.body);
  return Json::parse(reply.body).at("publish");
}

}  // namespace

EndedRecording::EndedRecording(consent::SpanMs kept) : until(server::wall_time() + kept) {
  FaultyDisk sound(data);
  LogBook unread;
  const FaultyService service(data, sound, unread);
  const Host host(service);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  anna.ask({consent::Kind::audio, consent::Kind::video}, [&](consent::Request& request) {
    request.delete_after_ms = until;
    request.expires_ms = std::min(request.expires_ms, until);
  });
  ben.wait_for_request();
  const Json annas = place_for(anna), bens = place_for(ben);
  anna.wait_for_gate("open");
  login = host.login;
  recording = anna.request->body.recording;
  annas_approval = anna.last_approval;
  bens_approval = ben.last_approval;
  bens_withdrawal = ben.withdrawal();
  const auto annas_media = publish(service, annas), bens_media = publish(service, bens);
  const fs::path files = data / "blobs" / recording.hex();
  await([&] {
    return bytes_of_approval(files, annas_approval) > kSomeMedia_bytes &&
           bytes_of_approval(files, bens_approval) > kSomeMedia_bytes;
  });
  const Reply stopped = service.fetch("POST", "/api/v1/recordings/" + recording.hex() + "/stop", login, "{}");
  if (stopped.status != 204) throw std::runtime_error("not stopped: " + stopped.body);
}

}  // namespace unavoce::faults
