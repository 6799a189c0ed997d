// Where commands read from and write to: files, pipes and terminals.
//
// Owner: both close what they opened; move-only. Thread: main, blocking. Errors: ExitCode::io with the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "cli/error.hpp"
#include "cli/output_block.hpp"
#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"
#include "storage/durable_file.hpp"

namespace unavoce::cli {

/// An open file descriptor, closed at the end unless it is 0, 1 or 2.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

class Input {
 public:
  /// "" or "-" is standard input.
  static Result<Input> open(const std::string& path);

  /// Reads until `out` is full or the input ends; gives the number of bytes.
  Result<std::size_t> read(std::span<std::uint8_t> out);
  /// In bytes; only regular files know.
  std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  Input(Descriptor fd, std::string name, std::optional<std::uint64_t> size)
      : fd_(std::move(fd)), name_(std::move(name)), size_(size) {}
  Descriptor fd_;
  std::string name_;
  std::optional<std::uint64_t> size_;
};

/// Writes to a temporary file beside the target, which commit() puts in its place; without commit() nothing is left.
/// Standard output, devices and pipes are written as it goes.
class Output {
 public:
  /// "" or "-" is standard output.
  static Result<Output> open(const std::string& path);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  Result<void> write(crypto::ByteView bytes);
  /// Durable and visible under its name, or an error and no file.
  Result<void> commit();
  bool is_standard_output() const noexcept { return standard_output_; }

 private:
  Output() = default;
  static Result<Output> beside(const std::filesystem::path& target);

  std::optional<Descriptor> stream_;
  std::optional<storage::DurableFile> file_;
  std::filesystem::path target_;
  std::uint64_t written_bytes_ = 0;
  std::optional<OutputBlock> block_;  // goes to the file when it is full
  bool standard_output_ = false;
};

/// A whole file of at most `limit_bytes` ("-" is standard input); larger ones are ExitCode::failed.
Result<crypto::SecretBytes> read_small_file(const std::string& path, std::size_t limit_bytes);

/// A new file of mode 0600, durable. ExitCode::io if the name is taken.
Result<void> write_new_file(const std::filesystem::path& path, crypto::ByteView bytes);

/// A temporary file that goes away with its descriptor, whatever happens to the process.
Result<Descriptor> nameless_file();

}  // namespace unavoce::cli
