// unavoced: reads the settings, hardens the process, runs one Server until SIGINT or SIGTERM.

#include <pthread.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/hardening.hpp"
#include "recorder/recorder.hpp"
#include "server/command_line.hpp"
#include "server/descriptor_limit.hpp"
#include "server/log_stream.hpp"
#include "server/server.hpp"
#include "server/stop_deadline.hpp"
#include "server/thread_limit.hpp"
#include "server/write_confinement.hpp"

namespace {

using namespace unavoce;
using namespace unavoce::server;

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::error_code unseen;
  // A folder can be opened, and reads as if it were empty.
  if (!in || std::filesystem::is_directory(path, unseen))
    return Error(Errc::config, "cannot read the configuration file " + path);
  return std::move(text).str();
}

std::vector<std::string> environment() {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) lines.emplace_back(*line);
  return lines;
}

Result<Config> load_config(const CommandLine& line) {
  SettingValues file;
  if (!line.config_file.empty()) {
    BOOST_OUTCOME_TRY(auto text, read_text(line.config_file));
    BOOST_OUTCOME_TRY(file, parse_config_file(text, line.config_file));
  }
  BOOST_OUTCOME_TRY(auto variables, parse_environment(environment()));
  return merge_config(file, variables, line.flags);
}

Result<void> harden() {
  BOOST_OUTCOME_TRY(crypto::init());
  BOOST_OUTCOME_TRY(crypto::harden_process());
  return boost::outcome_v2::success();
}

/// Blocks the signals in all threads and waits for them in one, so that stopping is ordinary code.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// Where GStreamer keeps its list of plugins; without it every start looks through all of them. Empty if there is no
/// home.
std::filesystem::path plugin_list_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache == nullptr && home == nullptr) return {};
  const auto folder =
      (cache != nullptr ? std::filesystem::path(cache) : std::filesystem::path(home) / ".cache") / "gstreamer-1.0";
  std::error_code ignored;  // a service's home is often read-only: then there is no list
  std::filesystem::create_directories(folder, ignored);
  return folder;
}

/// No file of ours, and none that a library might think of, outside the data folder: no media can go astray. The copy
/// of the checkpoint is meant to lie elsewhere.
Result<Confined> confine(const Config& config) {
  BOOST_OUTCOME_TRY(make_data_folder(config.data_folder));
  const std::array folders{config.data_folder, plugin_list_folder(), config.ledger_checkpoint_copy.parent_path()};
  return confine_writes(folders);
}

/// Gives what the operator is warned of.
std::vector<std::string> fit_into_threads(Config& config) {
  const ThreadsLeft left = threads_left(raise_thread_limit());
  const auto publishers = publishers_with_threads(config.max_publishers, left.threads);
  if (publishers == config.max_publishers) return {};
  const auto wanted = std::exchange(config.max_publishers, publishers);
  return {"only " + std::to_string(publishers) + " of max_publishers = " + std::to_string(wanted) + " fit into the " +
          std::to_string(left.threads) + " threads that are left; raise " + left.limit};
}

/// The same.
std::vector<std::string> fit_into_descriptors(Config& config) {
  std::vector<std::string> warnings;
  const std::uint64_t descriptors = raise_descriptor_limit();
  const auto connections = connections_that_fit(config.max_connections, config.max_publishers, descriptors);
  const auto publishers = publishers_that_fit(config.max_publishers, connections, descriptors);
  const std::string limit = std::to_string(descriptors) + " open files; raise that limit (LimitNOFILE)";
  if (connections != config.max_connections) {
    warnings.push_back("only " + std::to_string(connections) +
                       " of max_connections = " + std::to_string(config.max_connections) + " fit, beside " +
                       std::to_string(publishers) + " publishers, into " + limit);
  }
  if (publishers != config.max_publishers) {
    warnings.push_back("only " + std::to_string(publishers) +
                       " of max_publishers = " + std::to_string(config.max_publishers) + " fit, beside " +
                       std::to_string(connections) + " connections, into " + limit);
  }
  config.max_connections = connections;
  config.max_publishers = publishers;
  return warnings;
}

/// Longer than the waits inside of an honest stop that waits once for each: ten seconds for a database that another
/// process holds, ten for witnesses, six for pipelines. Several writes, as of several meetings, may wait for such a
/// database one after another, and come here: then the next start finishes the rest. systemd waits for sixty.
constexpr std::chrono::seconds kStopWithin{30};

Result<void> serve(Config config, const sigset_t& signals) {
  std::vector<std::string> warnings = fit_into_threads(config);
  std::ranges::move(fit_into_descriptors(config), std::back_inserter(warnings));
  const auto confined = confine(config);  // before there is any other thread, which would not be
  Log log(config.log_level);
  if (confined && confined.value() == Confined::not_offered)
    warnings.push_back(
        "this kernel does not confine writing to the data folder (no Landlock; Debian 12's own kernel has it)");
  for (const std::string& warning : warnings) log.warning(warning);
  if (!confined) return confined.error();
  std::shared_ptr<const Server::Ending> ending;
  StopDeadline deadline(kStopWithin, [&] { end_hung(log, ending->load()); });  // for the end of the server, too
  std::unique_ptr<Server> server;  // outlives the waiter, whatever is thrown
  std::atomic<Server*> running{nullptr};
  std::jthread waiter([&signals, &running, &deadline, &log](std::stop_token done) {
    const timespec moment{0, 200'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &moment) <= 0) continue;
      // Before anything is served there is nothing to end: what is begun is finished by the next start, as after a
      // kill.
      if (running == nullptr) {
        log.drain(std::chrono::seconds(1));
        std::_Exit(0);
      }
      deadline.begin();
      running.load()->stop();
    }
  });
  BOOST_OUTCOME_TRY(server, Server::open(std::move(config), log));
  ending = server->ending();
  running = server.get();  // before anybody hears that it is ready, and may want it to stop
  for (const std::string& notice : server->notices()) log.warning(notice);
  log.drain(std::chrono::seconds(1));  // in a terminal the warnings stand before the next line
  std::cout << "unavoced " UNAVOCE_VERSION " is ready: " << server->base_url() << std::endl;
  server->run();
  deadline.begin();  // it may also have ended by itself
  waiter.request_stop();
  waiter.join();
  if (server->failure()) return *server->failure();
  return boost::outcome_v2::success();
}

Result<void> run(int argc, const char* const* argv) {
  BOOST_OUTCOME_TRY(auto line, parse_command_line(argc, argv));
  if (!line) return boost::outcome_v2::success();
  // Checking writes nothing; files of root's in the data folder would keep the service's own user out of it.
  if (geteuid() == 0 && line->root == CommandLine::Root::refused && line->command != Command::check_config) {
    return Error(Errc::config,
                 "unavoced does not run as root: start it as the user whose data it is, or say --allow-root");
  }
  BOOST_OUTCOME_TRY(auto config, load_config(*line));
  config.start = line->start;
  if (line->command == Command::check_config) {
    BOOST_OUTCOME_TRY(check_files(config));
    std::cout << "the configuration is right\n";
    return boost::outcome_v2::success();
  }
  const sigset_t signals = block_signals();
  BOOST_OUTCOME_TRY(harden());
  if (line->command == Command::make_invitation) {
    BOOST_OUTCOME_TRY(auto code, make_invitation(config));
    std::cout << code << "\n";
    return boost::outcome_v2::success();
  }
  return serve(std::move(config), signals);
}

/// What nobody expected is like a crash: starting again may do. Caught so that the log gets out what it has.
Result<void> run_to_the_end(int argc, const char* const* argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    return Error(Errc::unavailable, std::string("ends for something nobody expected: ") + failure.what());
  }
}

/// The service unit starts again after EX_TEMPFAIL, and not after 1 (docs/OPERATING.md).
int exit_code(const Error& why) {
  return why.code == Errc::unavailable ? EX_TEMPFAIL : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  auto done = run_to_the_end(argc, argv);
  if (!done) LogStream(STDERR_FILENO).put("unavoced: " + done.error().text + "\n");
  const int code = done ? EXIT_SUCCESS : exit_code(done.error());
  if (recorder::pipelines_left_behind()) {
    std::cout.flush();
    std::_Exit(code);
  }
  return code;
}
