// An RTP payloader for AV1, which Debian 12's GStreamer lacks, for publishers in tests. It shares no code with the
// recorder and uses what the payload format allows by turns: elements with and without a count, OBUs with and without a
// size, several in a packet and one in several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace unavoce::recorder::test {

/// The RTP payloads of one temporal unit in low-overhead form.
std::vector<std::vector<std::uint8_t>> av1_payloads(std::span<const std::uint8_t> temporal_unit, std::size_t max_bytes);

/// Makes the element `testav1pay` known to GStreamer; may be called more than once.
void register_av1_payloader();

}  // namespace unavoce::recorder::test
