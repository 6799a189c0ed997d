// The whole service in a process of its own, and a meeting whose media can be recognised: no file that the process
// wrote holds media in the clear, and its memory holds no key longer than it is needed. A search that never finds
// anything proves nothing: the same one finds the media where sealing is switched off (process/no_sealing.cpp), finds
// a planted secret, and finds the key that is in use.
#include <algorithm>
#include <set>

#include "crypto/bech32.hpp"
#include "crypto/file_key.hpp"
#include "server_process.hpp"
#include "tests/recorder/numbered_frames.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::leaks;
using namespace unavoce::server::test;
using recorder::test::Publisher;
using recorder::test::PublisherOptions;

namespace {

constexpr std::string_view kMark = "unavoce-frame-";  // in every frame (numbered_frames.hpp)
constexpr std::uintmax_t kThreeChunks = 3 * 65'536;

/// Frames so large that a second fills several sealed chunks.
PublisherOptions marked() {
  PublisherOptions options;
  options.frames = recorder::test::Frames::numbered;
  options.audio_padding_bytes = 400;
  options.video_padding_bytes = 4000;
  options.address.clear();  // the service, too, uses the machine's addresses
  return options;
}

/// A take of Anna and Ben with marked media of Ben's; some of it is on the disk already.
struct Take {
  explicit Take(const std::string& program) : server(program), meeting(server), publisher(marked()) {
    const Headers headers = {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()},
                             {"Content-Type", "application/sdp"}};
    const Reply answer = server.fetch("POST", meeting.publish.at("url").get<std::string>(), headers, publisher.offer());
    if (answer.status != 201) throw std::runtime_error("not answered: " + answer.body);
    publisher.accept(answer.body);
    await([&] { return bytes_of(server, ".webm.age") > kThreeChunks && bytes_of(server, ".tail.age") > 0; });
  }
  void finish() {
    const std::string target = "/api/v1/recordings/" + meeting.recording().hex() + "/stop";
    if (server.fetch("POST", target, meeting.host.login, "{}").status != 204) throw std::runtime_error("not stopped");
    meeting.anna.wait_for("recording_ended");
  }

  ServerProcess server;
  Recorded meeting;
  Publisher publisher;
};

/// What a file holds now; nothing if it is gone.
crypto::Bytes bytes_now(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return crypto::Bytes(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

/// The files below a service's folder that hold marked media.
std::vector<std::string> files_with_media(const ServerProcess& server) {
  std::vector<std::string> names;
  for (const auto& file : files_in(server.folder())) {
    if (crypto::as_text(bytes_now(file)).find(kMark) != std::string_view::npos) names.push_back(file.filename());
  }
  return names;
}

/// Where marked media lay in the clear, at three moments.
struct InTheClear {
  std::vector<std::string> during, after, killed;
  int open_files = 0;      ///< during the take
  std::size_t opened = 0;  ///< frames in the finished file, opened with Ben's key
};

InTheClear look_at(const std::string& program) {
  InTheClear seen;
  {
    Take take(program);
    seen.during = files_with_media(take.server);
    seen.open_files = take.server.open_files_with(kMark);
    take.finish();
    seen.after = files_with_media(take.server);
    for (const auto& file : files_in(take.server.data_folder() / "blobs")) {
      const auto plain = crypto::open(bytes_now(file), std::span(&*take.meeting.ben.consent_key, 1));
      if (!plain) continue;
      const auto view = plain.value().view();
      seen.opened += recorder::test::frames_in({view.begin(), view.end()}).size();
    }
  }
  Take take(program);
  take.server.kill();
  seen.killed = files_with_media(take.server);
  return seen;
}

struct NamedSecret {
  std::string name;
  crypto::Bytes bytes;
};

void add_identity(std::vector<NamedSecret>& secrets, const std::string& name, const crypto::Identity& identity) {
  const auto secret = identity.secret_text();
  const auto text = crypto::as_text(secret.view());
  secrets.push_back({name + " as text", {secret.view().begin(), secret.view().end()}});
  secrets.push_back({name, crypto::bech32_decode(text).value().data});
}

void add_seed(std::vector<NamedSecret>& secrets, const std::string& name, const crypto::SigningKey& key) {
  secrets.push_back({name, {key.seed().view().begin(), key.seed().view().end()}});
}

/// What only the people of a meeting have.
std::vector<NamedSecret> keys_of_people(const Recorded& meeting) {
  std::vector<NamedSecret> secrets;
  add_identity(secrets, "Anna's e", *meeting.anna.consent_key);
  add_identity(secrets, "Ben's e", *meeting.ben.consent_key);
  add_identity(secrets, "room key", meeting.host.room_identity);
  add_seed(secrets, "room's signing key", meeting.host.room_key);
  add_seed(secrets, "Anna's signing key", meeting.anna.key);
  add_seed(secrets, "Ben's signing key", meeting.ben.key);
  return secrets;
}

/// File key and payload key of every file of Ben's that is there now, tails too: he can know them.
std::vector<NamedSecret> keys_of_files(const Take& take) {
  std::vector<NamedSecret> secrets;
  for (const auto& file : files_in(take.server.data_folder() / "blobs")) {
    const auto bytes = bytes_now(file);
    const auto parsed = crypto::parse_whole_header(bytes);
    if (!parsed) continue;  // a tail that was just replaced
    const auto key = crypto::unwrap(parsed.value().header.stanzas, std::span(&*take.meeting.ben.consent_key, 1));
    if (!key) continue;  // Anna's
    const auto nonce = crypto::ByteView(bytes).subspan(parsed.value().size_bytes, crypto::payload_nonce_bytes);
    const auto payload_key = crypto::payload_key(key.value(), nonce);
    const std::string name = file.filename();
    secrets.push_back({"payload key of " + name, {payload_key.view().begin(), payload_key.view().end()}});
    secrets.push_back({"file key of " + name, {key.value().view().begin(), key.value().view().end()}});
  }
  return secrets;
}

/// The names of those that lie in the service's memory.
std::set<std::string> in_memory(ServerProcess& server, const std::vector<NamedSecret>& secrets) {
  std::vector<crypto::Bytes> all;
  for (const auto& secret : secrets) all.push_back(secret.bytes);
  std::set<std::string> names;
  for (const std::size_t index : server.find_in_memory(all)) names.insert(secrets.at(index).name);
  return names;
}

}  // namespace

TEST_CASE("media lies in the clear in no file that the service wrote: during a take, after it, after kill -9") {
  const InTheClear seen = look_at(LEAK_SERVER);
  const std::vector<std::string> none;
  CHECK(seen.during == none);
  CHECK(seen.open_files == 0);
  CHECK(seen.after == none);
  CHECK(seen.killed == none);
  CHECK(seen.opened > 50);  // it is there, for whoever has the key
}

TEST_CASE("with sealing switched off the same search finds the media at each of these moments") {
  const InTheClear seen = look_at(LEAK_SERVER_UNSEALED);
  CHECK_FALSE(seen.during.empty());
  CHECK(seen.open_files > 0);
  CHECK_FALSE(seen.after.empty());
  CHECK_FALSE(seen.killed.empty());
}

TEST_CASE("the service's memory never holds a person's key, and after a take no key of its files") {
  Take take(LEAK_SERVER);
  const auto canary = crypto::random_array<32>();
  take.server.plant(canary);
  auto secrets = keys_of_people(take.meeting);
  secrets.push_back({"canary", {canary.begin(), canary.end()}});
  const auto of_files = keys_of_files(take);
  REQUIRE(of_files.size() >= 4);  // main file and tail
  secrets.insert(secrets.end(), of_files.begin(), of_files.end());

  // What is in use is found, so whatever is not found is not there.
  const auto in_use = std::ranges::find_if(of_files, [](const NamedSecret& secret) {
    return secret.name.starts_with("payload key") && secret.name.ends_with(".webm.age");
  });
  REQUIRE(in_use != of_files.end());
  CHECK(in_memory(take.server, secrets) == std::set<std::string>{"canary", in_use->name});
  take.finish();
  CHECK(in_memory(take.server, secrets) == std::set<std::string>{"canary"});
}
