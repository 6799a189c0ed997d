// The SDP offer of a WHIP client: no crash; what is taken is one of each stream at most, and never a kind that was not
// allowed; what webrtcbin is told of it has no candidates but those that we use, where they belong, and not too many.
// The first byte picks camera or screen and what is allowed.
#include <string>

#include "crypto/bytes.hpp"
#include "recorder/offer.hpp"
#include "recorder/trickle.hpp"
#include "recorder/webrtc_bin.hpp"
#include "recorder/whip_session.hpp"
#include "require.hpp"

namespace {

void read_as_webrtcbin_is_told(std::string_view text) {
  using namespace unavoce::recorder;
  const auto offered = read_offer(text);
  if (!offered) {
    require(!offered.error().text.empty());
    return;
  }
  const GstSDPMessage* sdp = offered.value().description->sdp;
  require(gst_sdp_message_get_attribute_val(sdp, "candidate") == nullptr);
  unsigned candidates = 0;
  for (guint section = 0; section < gst_sdp_message_medias_len(sdp); ++section) {
    const GstSDPMedia* media = gst_sdp_message_get_media(sdp, section);
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); ++i) {
      const GstSDPAttribute* attribute = gst_sdp_media_get_attribute(media, i);
      if (attribute->key == nullptr || std::string(attribute->key) != "candidate") continue;
      require(attribute->value != nullptr && is_usable_candidate(attribute->value));
      ++candidates;
    }
  }
  require(candidates == offered.value().candidates && candidates <= max_candidates);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce;
  static const bool started = (recorder::start_gstreamer(), true);
  if (!started || size == 0) return 0;
  read_as_webrtcbin_is_told(crypto::as_text({bytes + 1, size - 1}));
  const auto kind = (bytes[0] & 1) != 0 ? recorder::PublishKind::screen : recorder::PublishKind::camera;
  consent::Scope allowed;
  for (const auto& [bit, one] :
       {std::pair{2, consent::Kind::audio}, std::pair{4, consent::Kind::video}, std::pair{8, consent::Kind::screen}}) {
    if ((bytes[0] & bit) != 0) allowed = allowed.with({one});
  }
  const auto plan = recorder::plan_offer(crypto::as_text({bytes + 1, size - 1}), kind, allowed);
  if (!plan) {
    require(!plan.error().text.empty());
    return 0;
  }
  int audio = 0, video = 0;
  for (const auto& section : plan.value().sections) {
    require(section.take != recorder::Take::refuse);  // as a whole or not at all
    if (section.take != recorder::Take::accept) continue;
    require(allowed.contains(section.kind));
    ++(section.stream == recorder::Stream::audio ? audio : video);
  }
  require(audio <= 1 && video <= 1 && audio + video > 0);
  return 0;
}
