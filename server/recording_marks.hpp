#pragma once
// Which recordings something is being done about, for as long as whoever does it holds the mark: also if that ends by
// an exception, or after the service. Owned by Meetings; control thread.

#include <algorithm>
#include <memory>
#include <vector>

#include "consent/ids.hpp"

namespace unavoce::server {

class RecordingMarks {
 public:
  using Mark = std::shared_ptr<const consent::RecordingId>;

  /// More than one can be set for a recording.
  [[nodiscard]] Mark set(const consent::RecordingId& recording) {
    std::erase_if(marks_, [](const auto& mark) { return mark.expired(); });
    auto mark = std::make_shared<const consent::RecordingId>(recording);
    marks_.push_back(mark);
    return mark;
  }
  bool has(const consent::RecordingId& recording) const {
    return std::ranges::any_of(marks_, [&](const auto& item) {
      const Mark mark = item.lock();
      return mark && *mark == recording;
    });
  }

 private:
  std::vector<std::weak_ptr<const consent::RecordingId>> marks_;
};

}  // namespace unavoce::server
