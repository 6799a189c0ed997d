// For unavoced with the double of recorder/whip_session.cpp: the pipeline of its warm-up hangs as it goes down, and if
// static destructors run, which a thread that was left behind would not survive, the exit code says so.
#include <cstdlib>

#include "hung_session.hpp"

namespace {

using namespace unavoce::recorder::test;

class HungWarmUp {
 public:
  HungWarmUp() { hung_sessions().let_hang("-", Step::going_down); }  // the name in the warm-up's offer
  ~HungWarmUp() { std::_Exit(99); }
  HungWarmUp(const HungWarmUp&) = delete;
  HungWarmUp& operator=(const HungWarmUp&) = delete;
};

const HungWarmUp hung_warm_up;

}  // namespace
