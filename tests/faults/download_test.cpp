// Downloads from a disk that fails: refused as long as nothing is sent, and broken off so that nobody takes half of it
// for the whole.

#include <catch2/catch.hpp>

#include "faulty_service.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// A recording of Ben's sound and picture that has ended.
struct Ended {
  Ended() {
    fs::create_directory(folder.path() / "data");
    service.emplace(folder.path() / "data", disk, book);
    Recorded meeting(*service);
    login = meeting.host.login;
    path = "/api/v1/recordings/" + meeting.recording().hex();
    files = service->data_folder() / "blobs" / meeting.recording().hex();
    record_some(meeting.publish);
    if (service->fetch("POST", path + "/stop", login, "{}").status != 204) throw std::runtime_error("not stopped");
  }

  void record_some(const Json& place) const {
    recorder::test::PublisherOptions options;
    options.address.clear();
    recorder::test::Publisher publisher(options);
    const Reply answer = service->fetch(
        "POST", place.at("url").get<std::string>(),
        {{"Authorization", "Bearer " + place.at("token").get<std::string>()}, {"Content-Type", "application/sdp"}},
        publisher.offer());
    if (answer.status != 201) throw std::runtime_error("not published: " + answer.body);
    publisher.accept(answer.body);
    await([&] { return bytes_of(*service, ".age") > 8'000; });
  }

  Reply get(const std::string& what) const { return service->fetch("GET", path + what, login); }

  TemporaryFolder folder;
  FaultyDisk disk{folder.path() / "data"};
  LogBook book;
  std::optional<FaultyService> service;
  Headers login;
  std::string path;
  fs::path files;
};

std::string some_track(const Ended& ended) {
  for (const auto& file : fs::directory_iterator(ended.files))
    if (file.path().string().ends_with(".webm.age")) return file.path().filename();
  throw std::runtime_error("no track");
}

/// Everything that comes before the service closes the connection.
std::string read_all(Socket& socket) {
  std::string all;
  for (std::string more = socket.receive(); !more.empty(); more = socket.receive()) all += more;
  return all;
}

}  // namespace

TEST_CASE("a download of a file that cannot be read is refused before anything of it is sent", "[meeting]") {
  Ended ended;
  const std::string track = some_track(ended);
  ended.disk.enter("download");
  for (const std::string& what : {std::string("/bundle"), "/tracks/" + track}) {
    for (const char* operation : {"open", "pread"}) {
      ended.disk.arm({"download", operation, "main"}, Trouble::dead);
      const Reply refused = ended.get(what);
      check_problem(refused, 503, "storage");
      CHECK(refused.body.find(".webm.age") != std::string::npos);
      ended.disk.heal();
      CHECK(ended.get(what).status == 200);
    }
  }
}

TEST_CASE("a bundle that the disk breaks off in the middle ends without its last chunk, and the log says which file",
          "[meeting]") {
  Ended ended;
  // Longer than what the kernel takes from the service before anybody reads.
  for (const auto& file : fs::directory_iterator(ended.files)) fs::resize_file(file.path(), 64U << 20U);
  Socket socket(ended.service->address());
  socket.send("GET " + ended.path + "/bundle HTTP/1.1\r\nHost: localhost\r\n" + ended.login.front().first + ": " +
              ended.login.front().second + "\r\n\r\n");
  std::string answer = socket.receive();
  REQUIRE(answer.starts_with("HTTP/1.1 200"));
  CHECK(answer.find("Transfer-Encoding: chunked") != std::string::npos);
  ended.disk.arm({"in the middle", "pread", "main"}, Trouble::dead);
  ended.disk.enter("in the middle");
  answer += read_all(socket);
  CHECK(ended.disk.was_hit());
  CHECK(answer.size() < (64U << 20U));
  CHECK_FALSE(answer.ends_with("\r\n0\r\n\r\n"));
  const std::string log = ended.book.text();
  const auto line = log.find("a download broke off");
  REQUIRE(line != std::string::npos);
  CHECK(log.substr(line, log.find('\n', line) - line).find(".webm.age") != std::string::npos);
  ended.disk.heal();
}
