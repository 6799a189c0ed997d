// Reads a WHIP offer and decides, section by section, what to take: pure, no pipeline involved.
// Owner: values. Thread: any. Errors: bad_offer when it is no SDP or breaks RFC 9725's shape, unsupported when nothing
// in it can be taken. Source: RFC 8866 (SDP), RFC 8829 (JSEP), RFC 9725 sections 4.2 and 4.4.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/scope.hpp"
#include "recorder/error.hpp"
#include "recorder/frame.hpp"
#include "recorder/publish.hpp"
#include "recorder/trickle.hpp"

namespace unavoce::recorder {

/// An offer of any length up to this is read; a browser's full one has about 6 KiB.
inline constexpr std::size_t max_offer_bytes = std::size_t{64} << 10;

/// `idle`: nothing is sent in it, so there is nothing to take; it is answered inactive and harms nothing.
enum class Take { accept, refuse, idle };

/// What becomes of one media section (m= line) of the offer.
struct Section {
  Take take = Take::refuse;
  Stream stream = Stream::audio;
  Codec codec = Codec::opus;
  consent::Kind kind = consent::Kind::audio;
  int payload = -1;  ///< RTP payload type of the accepted codec
  std::string caps;  ///< codec preferences for the transceiver, as GStreamer caps text
  std::string why;   ///< of a refusal
};

/// The decision over a whole offer, sections in its order.
struct OfferPlan {
  std::vector<Section> sections;
  OfferedIce ice;
};
/// The codec in which this stream was accepted, if it was.
std::optional<Codec> accepts(const OfferPlan& plan, Stream stream);

/// Plans the answer to `sdp`: every section in which something is sent is taken, or the offer is refused as a whole: a
/// recording with half of what somebody thinks is recorded misleads them (RFC 9725 section 4.4.3).
Result<OfferPlan> plan_offer(std::string_view sdp, PublishKind kind, consent::Scope allowed);

}  // namespace unavoce::recorder
