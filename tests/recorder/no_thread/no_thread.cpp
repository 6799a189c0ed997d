// The double of recorder/writer_thread.cpp: whoever links it first has as many threads as the test says.
#include "no_thread.hpp"

#include <system_error>
#include <utility>

#include "recorder/writer_thread.hpp"

namespace unavoce::recorder {

std::jthread writer_thread(std::function<void()> body) {
  if (test::threads_left.fetch_sub(1) <= 0) {  // as std::jthread says it
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }
  return std::jthread(std::move(body));
}

}  // namespace unavoce::recorder
