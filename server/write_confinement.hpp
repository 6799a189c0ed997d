// Write confinement: from now on this process can write, create and remove files only beneath the folders it was given,
// whatever goes wrong inside it or in a library. Reading stays free. Landlock does it, without any privilege
// (landlock(7), Linux 5.13 and later); where a kernel lacks it nothing changes and the operator is told.
// Thread: concerns the calling thread and all threads and processes it starts afterwards: call it before the first one.
// Errors: hardening, when the kernel offers Landlock but refuses.
#pragma once

#include <filesystem>
#include <span>

#include "server/error.hpp"

namespace unavoce::server {

enum class Confined { yes, not_offered };

/// Confines writing to `folders` and what lies beneath them, and to /dev/null; folders that do not exist, or that this
/// process may not reach, are left out: nothing can be written there from then on. Cannot be undone.
Result<Confined> confine_writes(std::span<const std::filesystem::path> folders);

}  // namespace unavoce::server
