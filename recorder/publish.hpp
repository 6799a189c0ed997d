// What publishing by WHIP takes and gives (RFC 9725).
// Owner: values. Thread: any. Errors: none.
#pragma once

#include <string>

namespace unavoce::recorder {

/// What a publisher sends: a camera with its microphone, or a screen with its sound.
enum class PublishKind { camera, screen };

/// A WHIP answer: the SDP for the client and the id of the resource that `unpublish` takes (32 hex digits,
/// unguessable).
struct Answer {
  std::string sdp;
  std::string resource;
};

}  // namespace unavoce::recorder
