// The real program on a real volume that is too small: a tmpfs in a mount namespace of its own, which a shell inside of
// it fills and empties on command. Skipped, with the reason, where nobody may mount anything.

#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <memory>

#include "consent/verifier.hpp"
#include "tests/program.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// A shell in a namespace with a small volume; each line it is told is answered by its exit code.
class SmallVolume {
 public:
  SmallVolume() {
    std::array<int, 2> in{}, out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) throw std::runtime_error("pipe");
    fs::create_directory(path());
    const char* flags = ::geteuid() == 0 ? "-m" : "-rm";
    shell_ = ::fork();
    if (shell_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      ::execlp("unshare", "unshare", flags, "sh", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_.reset(::fdopen(in[1], "w"));
    from_.reset(::fdopen(out[0], "r"));
    ::signal(SIGPIPE, SIG_IGN);
    mounted_ = tell("mount -t tmpfs -o size=24m,mode=0700 none " + path().string()) == "0";
  }
  ~SmallVolume() {
    to_.reset();  // the end of its input
    ::waitpid(shell_, nullptr, 0);
  }
  SmallVolume(const SmallVolume&) = delete;
  SmallVolume& operator=(const SmallVolume&) = delete;

  bool is_mounted() const { return mounted_; }
  fs::path path() const { return folder_.path() / "volume"; }
  fs::path outside(const std::string& name) const { return folder_.path() / name; }

  /// Runs a line there; gives its exit code, or nothing if there is no shell.
  std::string tell(const std::string& line) {
    std::fputs(("(" + line + ") >/dev/null 2>&1; echo $?\n").c_str(), to_.get());
    std::fflush(to_.get());
    std::string answer;
    for (int c = std::fgetc(from_.get()); c != '\n' && c != EOF; c = std::fgetc(from_.get()))
      answer.push_back(static_cast<char>(c));
    return answer;
  }
  void fill() { tell("cat /dev/zero >" + (path() / "ballast").string()); }
  void make_room() { tell("rm " + (path() / "ballast").string()); }
  /// "0" if some file there holds this text, "1" if none does.
  std::string find(const std::string& text) { return tell("grep -rq " + text + " " + path().string()); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  testing::TemporaryFolder folder_;
  pid_t shell_ = -1;
  std::unique_ptr<std::FILE, Close> to_, from_;
  bool mounted_ = false;
};

/// `unavoced`, started by that shell, with its data on the volume and its log outside.
class OnVolume final : public Service {
 public:
  explicit OnVolume(SmallVolume& volume) : volume_(volume), data_(volume.path() / "data") {
    volume_.tell("sh -c '" + command() + " >" + said().string() + " 2>" + log().string() + " & echo $! >" +
                 pid().string() + "'");
    await([&] { return text_of(said()).find('\n') != std::string::npos; });
    const std::string text = text_of(said());
    port_ = static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind("localhost:") + 10)));
  }
  ~OnVolume() override { volume_.tell("kill $(cat " + pid().string() + ")"); }

  Address address() const override { return {port_}; }
  const fs::path& data_folder() const override { return data_; }
  std::string log_text() const { return text_of(log()); }

 private:
  std::string command() const {
    return std::string(UNAVOCED_PROGRAM) + " --allow-root --port 0 --disk-reserve-mib 0 --data " + data_.string();
  }
  fs::path said() const { return volume_.outside("said"); }
  fs::path log() const { return volume_.outside("log"); }
  fs::path pid() const { return volume_.outside("pid"); }
  static std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  SmallVolume& volume_;
  fs::path data_;
  std::uint16_t port_ = 0;
};

bool can_mount(const SmallVolume& volume) {
  if (!volume.is_mounted()) WARN("SKIPPED: no volume can be mounted here (neither root nor user namespaces)");
  return volume.is_mounted();
}

recorder::test::PublisherOptions marked() {
  recorder::test::PublisherOptions options;
  options.frames = recorder::test::Frames::numbered;
  options.video_padding_bytes = 4000;
  options.address.clear();
  return options;
}

}  // namespace

TEST_CASE("a full volume stops the recording with the reason, and it goes on by itself when there is room") {
  SmallVolume volume;
  if (!can_mount(volume)) return;
  const OnVolume service(volume);
  Recorded meeting(service);
  recorder::test::Publisher publisher(marked());
  const Headers headers = {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()},
                           {"Content-Type", "application/sdp"}};
  const Reply answer = service.fetch("POST", meeting.publish.at("url").get<std::string>(), headers, publisher.offer());
  REQUIRE(answer.status == 201);
  publisher.accept(answer.body);
  await([&] { return service.log_text().find("first frame of a track sealed") != std::string::npos; });

  volume.fill();
  meeting.anna.wait_for_gate("closed");
  while (meeting.anna.gate.at("reason") != "recorder_fault") meeting.anna.wait_for("gate");
  await([&] { return service.log_text().find("No space left on device; free some space") != std::string::npos; });
  CHECK(service.fetch("GET", "/api/v1/health").status == 200);

  volume.make_room();
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take").get<int>() > 1);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  REQUIRE(service.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
  const fs::path tar = volume.outside("bundle.tar");
  std::ofstream(tar, std::ios::binary) << service.fetch("GET", target + "/bundle", meeting.host.login).body;
  const auto bundle = consent::Bundle::open(tar);
  REQUIRE(bundle);
  const std::array identities{
      crypto::Identity::parse(crypto::as_text(meeting.host.room_identity.secret_text().view())).value()};
  for (const auto& rule : consent::verify_bundle(bundle.value(), {identities, {}, {}}).rules) {
    CAPTURE(rule.rule, rule.findings);
    CHECK(rule.verdict != consent::Verdict::failed);
  }
  CHECK(volume.find("unavoce-frame-") == "1");  // nowhere in the clear
}

TEST_CASE("on a full volume a withdrawal takes effect, and its proof is there at the latest when there is room") {
  SmallVolume volume;
  if (!can_mount(volume)) return;
  const OnVolume service(volume);
  Recorded meeting(service);
  volume.fill();
  const Reply reply = post_statement(service, meeting.ben.withdrawal());
  if (reply.status != 201) check_problem(reply, 503, "proof_follows");
  meeting.ben.wait_for_gate("closed");
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const std::string key = target + "/keys/" + meeting.ben.last_approval.hex();
  check_problem(service.fetch("GET", key, meeting.host.login), 410, "gone");
  volume.make_room();
  const auto has = [&](const std::string& kind) {
    const Json details = Json::parse(service.fetch("GET", target, meeting.host.login).body);
    return std::ranges::any_of(details.at("entries"), [&](const Json& entry) { return entry.at("kind") == kind; });
  };
  await([&] { return has("withdrawal") && has("erased"); });
}

TEST_CASE("on a read-only volume the service does not start, and says why") {
  SmallVolume volume;
  if (!can_mount(volume)) return;
  REQUIRE(volume.tell("mount -o remount,ro " + volume.path().string()) == "0");
  const fs::path log = volume.outside("log");
  const std::string line = std::string(UNAVOCED_PROGRAM) + " --allow-root --port 0 --data " +
                           (volume.path() / "data").string() + " 2>" + log.string() + " >&2";
  CHECK(volume.tell("sh -c '" + line + "'") == std::to_string(EX_TEMPFAIL));  // repaired, it starts by itself
  const auto bytes = testing::read_file(log);
  const std::string text(bytes.begin(), bytes.end());
  INFO(text);
  CHECK(text.find((volume.path() / "data").string()) != std::string::npos);
  CHECK(text.find("Read-only file system") != std::string::npos);
}
