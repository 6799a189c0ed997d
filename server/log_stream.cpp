#include "server/log_stream.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "server/log.hpp"

namespace unavoce::server {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody who shares it made it so
      pollfd room{descriptor, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

struct LogStream::Shared {
  explicit Shared(int descriptor_) : descriptor(descriptor_) {}
  bool has_work() const { return !waiting.empty() || lost_lines > 0; }

  const int descriptor;
  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;
  std::size_t lost_lines = 0;  // after those that wait
  bool is_writing = false;
  bool ends = false;
};

LogStream::LogStream(int descriptor)
    : shared_(std::make_shared<Shared>(descriptor)), thread_([shared = shared_] { run(*shared); }) {}

LogStream::~LogStream() {
  const bool is_written = drain(std::chrono::seconds(1));
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ends = true;
  }
  shared_->changed.notify_all();
  if (is_written)
    thread_.join();
  else
    thread_.detach();
}

void LogStream::put(std::string_view line) {
  const std::lock_guard lock(shared_->mutex);
  // When some are lost already this one would stand in front of the line that says so.
  if (shared_->lost_lines > 0 || shared_->waiting.size() + line.size() > kMaxWaiting) {
    ++shared_->lost_lines;
  } else {
    shared_->waiting.append(line);
  }
  shared_->changed.notify_all();
}

bool LogStream::drain(std::chrono::milliseconds within) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, within, [&] { return !shared_->has_work() && !shared_->is_writing; });
}

void LogStream::run(Shared& shared) {
  std::unique_lock lock(shared.mutex);
  for (;;) {
    shared.changed.wait(lock, [&] { return shared.has_work() || shared.ends; });
    if (!shared.has_work()) return;
    std::string text = std::exchange(shared.waiting, {});
    if (const auto lost = std::exchange(shared.lost_lines, 0); lost > 0) {
      text += log_line(LogLevel::warning,
                       std::to_string(lost) + " lines are missing here: whoever takes the log was too slow");
    }
    shared.is_writing = true;
    lock.unlock();
    write_all(shared.descriptor, text);
    lock.lock();
    shared.is_writing = false;
    shared.changed.notify_all();
  }
}

}  // namespace unavoce::server
