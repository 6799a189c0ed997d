// A double of recorder/frame_check.cpp for which who approved of anything approved of everything.
#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

bool TrackWriter::admits(const Frame& frame) const {
  return permit_->admits(frame.first_arrival_ns, frame.last_arrival_ns);
}

}  // namespace unavoce::recorder
