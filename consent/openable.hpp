// Opening what is in a bundle: which tracks there are, under which approval, and their content, main file and tail
// joined. Nothing here checks that a bundle is genuine; do that first (verifier.hpp): anybody can seal a file to a
// public `E`. Owner: values. Thread: one at a time, blocks on files. Errors: malformed, damaged and those of opening;
// names the file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "consent/bundle.hpp"
#include "consent/statements.hpp"
#include "crypto/stream.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::consent {

/// A track of the bundle whose main file is there.
struct OpenableTrack {
  Track track;
  Approval approval;
  std::string tail;              ///< name of its tail; empty when the take was finished
  std::uint64_t size_bytes = 0;  ///< sealed: main file and tail
};

/// All tracks of a bundle, in the order in which they began. Statements that do not parse are left out.
Result<std::vector<OpenableTrack>> openable_tracks(const Bundle& bundle);

/// Hands the sealed bytes of a track file or tail to `sink`, in order, from wherever they are.
using SealedFiles =
    std::function<Result<void>(const std::string& name, const std::function<Result<void>(crypto::ByteView)>& sink)>;

/// Passes the whole authentic content of a track to `sink`: of a finished one the main file, of an interrupted one the
/// main file without its final Void and then the tail (empty: there is none). What reached the sink before an error is
/// authentic, but incomplete. `read` is told how many sealed bytes were read.
Result<void> open_track(const SealedFiles& files, const std::string& name, const std::string& tail,
                        const crypto::Identity& consent_key, const crypto::Sink& sink,
                        const std::function<void(std::uint64_t)>& read = {});

/// The same of a track in a bundle.
Result<void> open_track(const Bundle& bundle, const OpenableTrack& track, const crypto::Identity& consent_key,
                        const crypto::Sink& sink, const std::function<void(std::uint64_t)>& read = {});

}  // namespace unavoce::consent
