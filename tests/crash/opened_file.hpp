// A track file that was sealed, opened with stock `age` as docs/FORMATS.md has it, and the numbered frames in it.
#pragma once

#include <set>
#include <string>

#include "crypto/age.hpp"
#include "tests/recorder/numbered_frames.hpp"

namespace unavoce::crash {

struct OpenedFile {
  std::set<recorder::test::FrameName> frames;
  std::string wrong;  ///< what `age` or ffprobe said; empty: nothing
};

/// `tail` is empty when there is none; `scratch` is a folder for the key and the opened file.
OpenedFile open_file(const std::string& main, const std::string& tail, const crypto::Identity& e,
                     const std::string& scratch);

}  // namespace unavoce::crash
