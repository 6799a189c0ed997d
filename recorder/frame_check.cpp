// The frame path's check, in a file of its own: test programs link doubles of it (tests/recorder/unchecked), and the
// frame-path proof has to find what then gets into the files.
#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

/// DESIGN 5: nothing from before the opening, nothing from after the closing, no kind that was not granted.
bool TrackWriter::admits(const Frame& frame) const {
  return permit_->admits(frame.first_arrival_ns, frame.last_arrival_ns) && permit_->covers(order_.approval, frame.kind);
}

}  // namespace unavoce::recorder
