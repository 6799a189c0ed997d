#include "server_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>
#include <stdexcept>

#include "process/memory_search.hpp"

namespace unavoce::leaks {
namespace {

namespace fs = std::filesystem;

/// The test's environment, but every place to write to is in the folder.
std::vector<std::string> environment_in(const fs::path& folder) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string name = std::string(*line).substr(0, std::string_view(*line).find('='));
    if (name != "HOME" && name != "TMPDIR" && !name.starts_with("XDG_")) lines.emplace_back(*line);
  }
  lines.push_back("HOME=" + (folder / "home").string());
  lines.push_back("TMPDIR=" + (folder / "temp").string());
  return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> pointers;
  for (std::string& line : lines) pointers.push_back(line.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Starts it with pipes for its input and output. Between fork and exec only what is safe with threads around.
pid_t start(const std::string& program, const fs::path& folder, int in, int out) {
  const std::string log = folder / "leak_server.log", home = folder / "home";
  std::vector<std::string> words = {program, folder / "data"};
  std::vector<std::string> lines = environment_in(folder);
  const std::vector<char*> arguments = pointers_to(words), environment = pointers_to(lines);
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(file, 2) == 2 && ::chdir(home.c_str()) == 0) {
    ::execve(program.c_str(), arguments.data(), environment.data());
  }
  ::_exit(1);
}

std::string masked_hex(crypto::ByteView secret) {
  Masked masked(secret.begin(), secret.end());
  for (std::uint8_t& byte : masked) byte ^= kMask;
  return crypto::to_hex(masked);
}

}  // namespace

ServerProcess::ServerProcess(const std::string& program) {
  for (const char* name : {"home", "temp"}) fs::create_directory(folder() / name);
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  process_ = start(program, folder(), in[0], out[1]);
  ::close(in[0]);
  ::close(out[1]);
  to_.reset(::fdopen(in[1], "w"));
  from_.reset(::fdopen(out[0], "r"));
  std::istringstream ready(answer());
  std::string word;
  if (!(ready >> word >> port_)) throw std::runtime_error("leak_server did not start");
}

ServerProcess::~ServerProcess() {
  to_.reset();  // the end of its input is its sign to stop
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

void ServerProcess::kill() {
  ::kill(process_, SIGKILL);
  ::waitpid(std::exchange(process_, -1), nullptr, 0);
}

std::string ServerProcess::answer() {
  std::string line;
  for (int c = std::fgetc(from_.get()); c != '\n'; c = std::fgetc(from_.get())) {
    if (c == EOF) {
      const auto log = testing::read_file(folder() / "leak_server.log");
      throw std::runtime_error("leak_server is gone: " + std::string(log.begin(), log.end()));
    }
    line.push_back(static_cast<char>(c));
  }
  return line;
}

std::string ServerProcess::ask(const std::string& line) {
  if (std::fputs((line + "\n").c_str(), to_.get()) < 0 || std::fflush(to_.get()) != 0) {
    throw std::runtime_error("leak_server does not listen");
  }
  return answer();
}

void ServerProcess::plant(crypto::ByteView secret) {
  if (ask("plant " + masked_hex(secret)) != "planted") throw std::runtime_error("nothing was planted");
}

std::set<std::size_t> ServerProcess::find_in_memory(const std::vector<crypto::Bytes>& secrets) {
  std::string line = "memory";
  for (const auto& secret : secrets) line += " " + masked_hex(secret);
  std::istringstream found(ask(line));
  std::string word;
  std::uint64_t bytes_read = 0;
  if (!(found >> word >> bytes_read)) throw std::runtime_error("the search did not work");
  UNSCOPED_INFO(bytes_read << " bytes of memory searched for " << secrets.size() << " secrets");
  std::set<std::size_t> indices;
  for (std::size_t index = 0; found >> index;) indices.insert(index);
  return indices;
}

int ServerProcess::open_files_with(std::string_view text) {
  std::istringstream counted(ask("files " + crypto::to_hex(crypto::as_bytes(text))));
  std::string word;
  int open = 0, holding = 0;
  if (!(counted >> word >> open >> holding) || open == 0) throw std::runtime_error("open files cannot be looked at");
  return holding;
}

}  // namespace unavoce::leaks
