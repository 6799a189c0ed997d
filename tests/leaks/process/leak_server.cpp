// leak_server DATA_FOLDER: the whole service, hardened as unavoced is, in a process that searches itself. Not confined
// to its data folder: a library that writes elsewhere is to be found, not stopped. Says "ready PORT", then obeys one
// line after the other until its input ends; bytes are hex, secrets masked (memory_search.hpp):
//   plant SECRET       keeps it where keys live, in a crypto::Secret   → "planted"
//   memory SECRET…     which of them lie in memory?                    → "found BYTES_READ INDEX…"
//   files TEXT         how many open files, also unlinked ones, hold it? → "open COUNT HOLDING"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include "crypto/hardening.hpp"
#include "crypto/secret.hpp"
#include "memory_search.hpp"
#include "server/server.hpp"

namespace {

using namespace unavoce;

crypto::Bytes next_bytes(std::istream& words) {
  std::string word;
  words >> word;
  return crypto::from_hex(word).value();
}

void answer_memory(leaks::MemorySearch& search, std::istream& words) {
  std::vector<leaks::Masked> needles;
  while (words >> std::ws && !words.eof()) needles.push_back(next_bytes(words));
  const auto found = search.look_for(needles);
  std::cout << "found " << found.bytes_read;
  for (const std::size_t index : found.needles) std::cout << ' ' << index;
  std::cout << std::endl;
}

/// Where only this process may look: its hardening keeps everybody else of its user out of /proc/PID/fd.
void answer_files(std::istream& words) {
  const crypto::Bytes wanted = next_bytes(words);
  int open = 0;
  int holding = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.string().starts_with("/proc/")) continue;  // the search's own view of the memory: no file on a disk
    if (!std::filesystem::is_regular_file(entry.path(), gone)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    ++open;
    if (text.find(crypto::as_text(wanted)) != std::string::npos) ++holding;
  }
  std::cout << "open " << open << ' ' << holding << std::endl;
}

void obey(leaks::MemorySearch& search) {
  std::optional<crypto::Secret<32>> planted;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "memory") answer_memory(search, words);
    if (command == "files") answer_files(words);
    if (command == "plant") {
      const auto unmask = [](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ leaks::kMask); };
      std::ranges::transform(next_bytes(words), planted.emplace().writable().begin(), unmask);
      std::cout << "planted" << std::endl;
    }
  }
}

int fail(const std::string& text) {
  std::cerr << "leak_server: " << text << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("say the data folder");
  leaks::MemorySearch search;
  if (auto done = crypto::init(); !done) return fail(done.error().text);
  if (auto done = crypto::harden_process(); !done) return fail(done.error().text);
  server::Config config;
  config.data_folder = argv[1];
  config.web_root = config.data_folder / "no pages";
  config.listen_port = 0;
  config.log_level = server::LogLevel::debug;
  config.disk_reserve_mib = 0;
  server::Log log(config.log_level);
  auto opened = server::Server::open(config, log);
  if (!opened) return fail(opened.error().text);
  const auto server = std::move(opened).value();
  std::thread running([&] { server->run(); });
  std::cout << "ready " << server->port() << std::endl;
  obey(search);
  server->stop();
  running.join();
  return 0;
}
