// The sending pipeline of a test publisher, in gst-launch's words: sources, encoders, payloaders, webrtcbin `w`.
#pragma once

#include <string>

#include "publisher.hpp"

namespace unavoce::recorder::test {

/// Encoders are called `aenc` and `venc`, the picture's payloader `vpay`, what decides its size `size`.
std::string describe(const PublisherOptions& options);

/// Raw video of this size, as caps.
std::string size_caps(int width, int height);

}  // namespace unavoce::recorder::test
