// The double of recorder/frame_check.cpp that lets every frame through: whoever links it first has the check switched
// off. There is no other way: the product knows no setting for it.
#include "recorder/track_writer.hpp"

namespace unavoce::recorder {

bool TrackWriter::admits(const Frame&) const {
  return true;
}

}  // namespace unavoce::recorder
