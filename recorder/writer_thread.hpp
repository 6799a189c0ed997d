// The thread of a track's writer, in a file of its own: a test program links a double that has none to give
// (tests/recorder/no_thread). Errors: std::system_error, when the machine or a limit allows no further thread.
#pragma once

#include <functional>
#include <thread>

namespace unavoce::recorder {

std::jthread writer_thread(std::function<void()> body);

}  // namespace unavoce::recorder
