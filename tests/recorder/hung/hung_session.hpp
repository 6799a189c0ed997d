// Sessions without pipelines, whose key frame requests hang: what the test and the double of recorder/whip_session.cpp
// share. Owner: the program, which has one of it. Thread: any. Errors: none.
#pragma once

#include <atomic>
#include <future>
#include <thread>

namespace unavoce::recorder::test {

struct HungRequests {
  std::promise<void> begun;  ///< by the first one
  std::promise<void> over;   ///< lets all go on, from now on
  std::shared_future<void> until_over{over.get_future()};
  std::atomic_flag asked;
  std::atomic<std::thread::id> watcher{};  ///< who asks; set when `begun` is
  std::atomic<int> sessions{0};            ///< that are there
  std::atomic<int> ended_by_watcher{0};
};

HungRequests& hung_requests();

}  // namespace unavoce::recorder::test
