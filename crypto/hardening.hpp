// Keeps secrets inside the process: no swap, no core dump, no debugger of the same user.
//
// Call order: init() once at the start of main, before any other function of crypto/; harden_process() in the server
// before it touches a key. Thread: the main thread, before others start. Errors: Errc::hardening; the caller must stop.
#pragma once

#include <string_view>

#include "crypto/error.hpp"

namespace unavoce::crypto {

/// Initialises libsodium and proves that memory can be locked: sodium_malloc hides a failed mlock. May be called again.
Result<void> init();

/// RLIMIT_CORE 0, PR_SET_DUMPABLE 0, mlockall(MCL_CURRENT | MCL_FUTURE). Where RLIMIT_MEMLOCK forbids mlockall, a
/// machine without active swap does as well; with swap this is an error that says what to do.
Result<void> harden_process();

/// Whether the text of /proc/swaps lists any active swap.
bool lists_swap(std::string_view proc_swaps);

}  // namespace unavoce::crypto
