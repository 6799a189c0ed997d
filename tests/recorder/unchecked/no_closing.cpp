// A double of recorder/frame_check.cpp for which a gate that was opened never closes.
#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

bool TrackWriter::admits(const Frame& frame) const {
  return frame.first_arrival_ns >= permit_->opened_at_ns() && permit_->covers(order_.approval, frame.kind);
}

}  // namespace unavoce::recorder
