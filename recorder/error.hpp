// What can go wrong in the recorder while it is used, and the one way in which it is told.
// Owner: values, copied freely. Thread: any. No secret and no media ever appears in `text`.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>

#include "crypto/error.hpp"
#include "storage/error.hpp"

namespace unavoce::recorder {

/// The class of an error: what the caller can do about it.
enum class Errc {
  bad_offer,    ///< the offer cannot be read: the client's mistake (HTTP 400)
  unsupported,  ///< readable, but nothing in it can be taken: wrong codecs or kinds (HTTP 422)
  busy,         ///< a limit is reached, try again later (HTTP 503)
  no_port,      ///< no UDP port for media could be opened, try again later (HTTP 503); the operator's to know
  not_found,    ///< no such resource, take, track or file
  conflict,     ///< the take or track exists already, or is in another state
  pipeline,     ///< GStreamer failed for this publisher; nobody else is harmed
  storage,      ///< the blob store failed: disk full, I/O error
  sealing,      ///< the sealer refused; the track file is abandoned
  muxing,       ///< libavformat failed; the track file is abandoned
  damaged,      ///< a file at rest is not what was written, and trying again changes nothing
  bad_media,    ///< libavformat refuses what a publisher sent; nobody else is harmed
};

/// What, which, why, and what to do, in a sentence for the operator.
struct Error {
  Errc code{};
  std::string text;

  Error(Errc c, std::string t) : code(c), text(std::move(t)) {}
  Error(const crypto::Error& e) : code(Errc::sealing), text(e.text) {}  // NOLINT: converting on purpose
  Error(const storage::Error& e)                                        // NOLINT: converting on purpose
      : code(e.code == storage::Errc::not_found ? Errc::not_found : Errc::storage), text(e.text) {}
};

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

}  // namespace unavoce::recorder
