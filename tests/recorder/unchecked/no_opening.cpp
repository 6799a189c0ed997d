// A double of recorder/frame_check.cpp for which nothing comes too early: what waits in a jitter buffer when the gate
// opens is taken for new, as it also would be if arrivals were measured behind that buffer. Whoever links a double
// first has one condition of the check switched off. There is no other way: the product knows no setting for it.
#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

bool TrackWriter::admits(const Frame& frame) const {
  return frame.last_arrival_ns <= permit_->closed_at_ns() && permit_->covers(order_.approval, frame.kind);
}

}  // namespace unavoce::recorder
