// How the two versions of the page for people write text and times. Private to bundle_summary.cpp and bundle_page.cpp;
// both pages are compared byte by byte, so what stands here stays. Pure functions, any thread, no errors.
#pragma once

#include <string>
#include <string_view>

#include "consent/ids.hpp"

namespace unavoce::consent {

/// Text as HTML, in an element or an attribute.
std::string escaped(std::string_view text);

/// `2026-01-31 12:00:00 UTC`.
std::string utc(TimeMs time);

}  // namespace unavoce::consent
