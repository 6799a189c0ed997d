#include "recorder/writer_thread.hpp"

#include <utility>

namespace unavoce::recorder {

std::jthread writer_thread(std::function<void()> body) {
  return std::jthread(std::move(body));
}

}  // namespace unavoce::recorder
