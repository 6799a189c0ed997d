// The SDP offer of a WHIP client: no crash; what is taken is one of each stream at most, and never a kind that was not
// allowed. The first byte picks camera or screen and what is allowed.
#include "crypto/bytes.hpp"
#include "recorder/offer.hpp"
#include "recorder/whip_session.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce;
  static const bool started = (recorder::start_gstreamer(), true);
  if (!started || size == 0) return 0;
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
