#pragma once
// Does again, every two seconds (Config::try_again_after), what the disk refused, until nothing is left to do. Owned by
// whoever keeps the work (Unproven, Seals), who lives as long as the control thread runs; control thread. What
// `attempt` throws is logged, and tried again like everything else.

#include <functional>
#include <utility>

#include "server/services.hpp"

namespace unavoce::server {

class KeepTrying {
 public:
  KeepTrying(const Services& services, std::function<bool()> is_needed, std::function<Task<void>()> attempt)
      : services_(services), is_needed_(std::move(is_needed)), attempt_(std::move(attempt)) {}

  enum class First { after_a_pause, at_once };
  /// From now on, until it is not needed any more; nothing new if it is being tried already.
  void begin(First first = First::after_a_pause);

 private:
  Task<void> run(First first);

  const Services& services_;
  std::function<bool()> is_needed_;
  std::function<Task<void>()> attempt_;
  enum class Trying { no, yes } trying_ = Trying::no;
};

}  // namespace unavoce::server
