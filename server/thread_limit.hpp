#pragma once
// Threads must never run out, as file descriptors must not: GLib ends the whole process when it cannot have one, in the
// middle of a recording. So there are no more publishers than threads for them.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace unavoce::server {

/// How many more threads may begin, and what it is that does not let more.
struct ThreadsLeft {
  std::uint64_t threads = std::numeric_limits<std::uint64_t>::max();
  std::string limit;  ///< for the operator: its name, and how it is raised
};

/// Raises the limit of a user's processes and threads as far as the system lets us; gives what it is then.
std::uint64_t raise_thread_limit();

/// The tightest of all limits: the machine's, those of the control groups (version 2) that the process is in, and that
/// of its user, `limit_of_user`, which does not hold for root. What others use is taken off as it is now. `root`: where
/// /proc and /sys are. What cannot be read limits nothing.
ThreadsLeft threads_left(std::uint64_t limit_of_user, const std::filesystem::path& root = "/");

/// How many publishers fit into so many threads, beside the service's own, of those that are wanted. At least one.
std::uint32_t publishers_with_threads(std::uint32_t wanted, std::uint64_t threads);

}  // namespace unavoce::server
