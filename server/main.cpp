// unavoced: reads the settings, hardens the process, runs one Server until SIGINT or SIGTERM.

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "crypto/hardening.hpp"
#include "server/command_line.hpp"
#include "server/server.hpp"

namespace {

using namespace unavoce;
using namespace unavoce::server;

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error(Errc::config, "cannot read the configuration file " + path);
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

Result<void> serve(Config config, const sigset_t& signals) {
  Log log(config.log_level);
  BOOST_OUTCOME_TRY(auto server, Server::open(std::move(config), log));
  for (const std::string& notice : server->notices()) log.warning(notice);
  std::cout << "unavoced " UNAVOCE_VERSION " is ready: " << server->base_url() << std::endl;
  std::jthread waiter([&signals, &server](std::stop_token done) {
    const timespec moment{0, 200'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &moment) > 0) server->stop();
    }
  });
  server->run();
  return boost::outcome_v2::success();
}

Result<void> run(int argc, const char* const* argv) {
  BOOST_OUTCOME_TRY(auto line, parse_command_line(argc, argv));
  if (!line) return boost::outcome_v2::success();
  if (geteuid() == 0 && line->root == CommandLine::Root::refused && line->command == Command::serve) {
    return Error(Errc::config, "unavoced does not run as root: start it as a user of its own, or say --allow-root");
  }
  BOOST_OUTCOME_TRY(auto config, load_config(*line));
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

}  // namespace

int main(int argc, char** argv) {
  auto done = run(argc, argv);
  if (done) return 0;
  std::cerr << "unavoced: " << done.error().text << "\n";
  return 1;
}
