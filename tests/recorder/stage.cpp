#include "stage.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "crypto/age.hpp"
#include "crypto/hardening.hpp"
#include "recorder/monotonic.hpp"

namespace unavoce::recorder::test {

using namespace std::chrono_literals;

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "unavoce-recorder-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Events::add(Event event) {
  const std::scoped_lock lock(mutex_);
  events_.push_back(std::move(event));
  changed_.notify_all();
}

namespace {

storage::BlobStore open_store(const std::filesystem::path& path) {
  auto store = storage::BlobStore::open(path);
  if (!store) throw std::runtime_error(store.error().text);
  return std::move(store.value());
}

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(result.value());
}

}  // namespace

Config Stage::loopback() {
  Config config;
  config.addresses = {"127.0.0.1"};
  config.latency = testing::patience(50ms);
  // Publishers of a slow build fall silent for longer, and their second stream comes later.
  config.silence = testing::patience(config.silence);
  config.connect_timeout = testing::patience(config.connect_timeout);
  config.header_wait = testing::patience(config.header_wait);
  return config;
}

Stage::Stage(Config config)
    : blobs(open_store(folder.path() / "blobs")),
      recorder(std::make_unique<Recorder>(std::move(config), blobs,
                                          [this](Event event) { events.add(std::move(event)); })) {}

Result<Answer> Stage::publish(const std::string& publisher, const std::string& offer, consent::Scope allowed,
                              PublishKind kind) {
  std::promise<Result<Answer>> answered;
  recorder->publish(publisher, kind, allowed, offer,
                    [&](Result<Answer> given) { answered.set_value(std::move(given)); });
  return answered.get_future().get();
}

std::unique_ptr<Publisher> Stage::join(const Person& person, const PublisherOptions& options, consent::Scope allowed,
                                       PublishKind kind) {
  auto publisher = std::make_unique<Publisher>(options);
  const Answer given = value_of(publish(person.publisher, publisher->offer(), allowed, kind));
  resource = given.resource;
  answer = given.sdp;
  publisher->accept(given.sdp);
  events.await<PublisherConnected>();
  return publisher;
}

std::vector<PreparedTrack> Stage::prepare(std::vector<TrackOrder> tracks) {
  return value_of(recorder->prepare_take({recording, take, std::move(tracks)}));
}

consent::Permit Stage::open(const std::vector<consent::Granted>& roster) {
  const consent::Permit permit = gate.open(recording, take, roster, monotonic_ns());
  recorder->start_take(permit);
  return permit;
}

void Stage::close() {
  gate.close(monotonic_ns);
}

std::vector<SealedTrackFile> Stage::end() {
  std::promise<Result<std::vector<SealedTrackFile>>> ended;
  recorder->end_take(recording, take, [&](auto files) { ended.set_value(std::move(files)); });
  return value_of(ended.get_future().get());
}

std::vector<std::string> Stage::abort(const consent::StatementId& approval) {
  std::promise<Result<std::vector<std::string>>> aborted;
  recorder->abort_track(recording, approval, [&](auto names) { aborted.set_value(std::move(names)); });
  return value_of(aborted.get_future().get());
}

std::vector<std::string> Stage::files() {
  const auto names = blobs.list(recording.hex());
  return names ? names.value() : std::vector<std::string>{};
}

std::filesystem::path Stage::path_of(const std::string& name) const {
  return folder.path() / "blobs" / recording.hex() / name;
}

std::vector<std::uint8_t> Stage::opened(const std::string& name, const Person& person) const {
  const auto sealed = read_file(path_of(name));
  auto plain = crypto::open(sealed, std::span(&person.identity, 1));
  if (!plain) throw std::runtime_error(plain.error().text);
  const auto view = plain.value().view();
  return {view.begin(), view.end()};
}

void await(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + testing::patience(limit);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
    std::this_thread::sleep_for(5ms);
  }
}

std::string run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output.push_back(static_cast<char>(c));
  if (pclose(pipe) != 0) throw std::runtime_error(command + ": " + output);
  return output;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace unavoce::recorder::test
