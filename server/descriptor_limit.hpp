#pragma once
// File descriptors must never run out: GLib ends the whole process when it cannot have one, in the middle of a
// recording. So connections get only what is left beside the recorder and the disk, and there are no more publishers
// than fit beside the connections.

#include <cstdint>

namespace unavoce::server {

/// Raises the limit of open files as far as the system lets us; gives what it is then.
std::uint64_t raise_descriptor_limit();

/// How many connections fit, of those that are wanted: the rest is for media (about twenty for each publisher), files
/// and databases, but at most half. At least 16.
std::uint32_t connections_that_fit(std::uint32_t wanted, std::uint32_t publishers, std::uint64_t descriptors);

/// How many publishers fit beside so many connections, of those that are wanted. At least one.
std::uint32_t publishers_that_fit(std::uint32_t wanted, std::uint32_t connections, std::uint64_t descriptors);

}  // namespace unavoce::server
