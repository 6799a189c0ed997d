#include "cli/passphrase.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "cli/files.hpp"
#include "crypto/hash.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t max_passphrase_bytes = 1024;

/// Turns the terminal's echo off for as long as it lives. Lines typed ahead are kept, as other programs do.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    tcgetattr(fd_, &before_);
    termios silent = before_;
    silent.c_lflag &= static_cast<tcflag_t>(~ECHO);
    tcsetattr(fd_, TCSADRAIN, &silent);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() { tcsetattr(fd_, TCSADRAIN, &before_); }

 private:
  int fd_;
  termios before_{};
};

/// Byte by byte, so that nothing after the line is taken from a descriptor that others read too.
Result<crypto::SecretBytes> read_line(int fd) {
  crypto::SecretBytes line(max_passphrase_bytes);
  std::size_t size = 0;
  for (;;) {
    std::uint8_t byte = 0;
    const ssize_t got = ::read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error(storage::system_error("read the passphrase from", "its file descriptor", errno));
    if (got == 0 || byte == '\n') break;
    if (size == max_passphrase_bytes) return Error(ExitCode::usage, "the passphrase is longer than 1024 bytes");
    line.writable()[size++] = byte;
  }
  if (size == 0) return Error(ExitCode::usage, "the passphrase is empty");
  return crypto::SecretBytes::from(line.view().first(size));
}

Result<crypto::SecretBytes> ask(int terminal, std::string_view prompt) {
  const auto say = [terminal](std::string_view text) {
    static_cast<void>(!::write(terminal, text.data(), text.size()));
  };
  const NoEcho no_echo(terminal);
  say(std::string(prompt) + ": ");
  auto line = read_line(terminal);
  say("\n");
  return line;
}

}  // namespace

Result<crypto::SecretBytes> read_passphrase(const PassphraseOptions& options, std::string_view prompt, Typing typing) {
  if (options.fd) return read_line(*options.fd);
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    return Error(ExitCode::usage, "a passphrase is needed and there is no terminal to ask on; use --passphrase-fd");
  }
  BOOST_OUTCOME_TRY(auto first, ask(terminal.get(), prompt));
  if (typing == Typing::twice) {
    BOOST_OUTCOME_TRY(const auto second, ask(terminal.get(), "The same once more"));
    if (!crypto::equal_constant_time(first.view(), second.view())) {
      return Error(ExitCode::usage, "the two passphrases differ; nothing was done");
    }
  }
  return first;
}

}  // namespace unavoce::cli
