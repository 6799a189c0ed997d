// A withdrawal, when something that nobody expects to fail does so in the middle of its effects: it is carried out.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// A service whose log fails once, at a line that holds this text.
class FailingLog final : public Service {
 public:
  explicit FailingLog(std::string at)
      : at_(std::move(at)),
        log_(LogLevel::debug,
             [this](std::string_view line) {
               if (line.find(at_) != std::string_view::npos && !failed_.exchange(true))
                 throw std::runtime_error("the log fails");
             }),
        server_(open()),
        thread_([this] { server_->run(); }) {}
  ~FailingLog() override {
    server_->stop();
    thread_.join();
  }
  FailingLog(const FailingLog&) = delete;
  FailingLog& operator=(const FailingLog&) = delete;

  Address address() const override { return {server_->port()}; }
  const std::filesystem::path& data_folder() const override { return config_.data_folder; }
  bool has_failed() const { return failed_; }

 private:
  std::unique_ptr<Server> open() {
    config_.data_folder = folder_.path() / "data";
    config_.web_root = folder_.path() / "no pages";
    config_.listen_port = 0;
    config_.disk_reserve_mib = 0;
    auto opened = Server::open(config_, log_);
    if (!opened) throw std::runtime_error(opened.error().text);
    return std::move(opened).value();
  }

  TemporaryFolder folder_;
  Config config_;
  std::string at_;
  std::atomic<bool> failed_ = false;
  Log log_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

bool is_withdrawn(const Service& server, const Recorded& meeting) {
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const Json details = Json::parse(server.fetch("GET", target, meeting.host.login).body);
  const Json& entries = details.at("entries");
  return std::any_of(entries.begin(), entries.end(),
                     [](const Json& entry) { return entry.at("kind") == "withdrawal"; });
}

}  // namespace

TEST_CASE("a withdrawal whose effects fail half-way gets into the ledger, and is finished when it is sent again",
          "[meeting]") {
  const FailingLog server("withdrawal in effect");
  Recorded meeting(server);
  const std::string envelope = meeting.ben.withdrawal();
  check_problem(post_statement(server, envelope), 500, "io");
  CHECK(server.has_failed());
  meeting.anna.wait_for_gate("closed");
  await([&] { return is_withdrawn(server, meeting); });
  CHECK(post_statement(server, envelope).status == 201);
}
