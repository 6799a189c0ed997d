// Synthetic frames that carry their number, and the search for those numbers in an opened track file. Matroska stores
// frames as they are, so what is found in the plaintext is exactly what was written.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recorder/frame.hpp"

namespace unavoce::recorder::test {

using FrameName = std::pair<Stream, int>;

/// A frame of this number that arrived from first to last. Video key frames have a valid VP8 header (64×48).
Frame numbered_frame(Stream stream, int number, FrameType type, std::int64_t first_ns, std::int64_t last_ns);

/// The numbers of all frames in an opened file.
std::set<FrameName> frames_in(const std::vector<std::uint8_t>& plaintext);

/// For messages: `a12 v3 …`.
std::string names(const std::set<FrameName>& frames);

}  // namespace unavoce::recorder::test
