// A participant's own part, straight from the service: the sealed files of one approval, with the token in the key file
// (docs/adr/0004). Nothing is checked against the ledger: that takes the whole recording, which is the host's.
//
// Owner: values. Thread: main, blocking. Errors: io for the network, failed for a refusal, an empty part or a name that
// no track file has.
#pragma once

#include <string>
#include <vector>

#include "cli/files.hpp"
#include "consent/openable.hpp"
#include "consent/receipt.hpp"
#include "crypto/secret.hpp"

namespace unavoce::cli {

/// A track file of one's own, and its tail if its take was interrupted.
struct OwnTrack {
  std::string name;
  std::string tail;
  std::uint64_t size_bytes = 0;  ///< of both
};

class OwnPart {
 public:
  /// Asks the service which files there are. `recording` is an address as for bundle_address(); it must be the
  /// recording and the service of the key file, whose token goes nowhere else.
  static Result<OwnPart> ask(const std::string& recording, const consent::KeyFile& key);

  /// Whether more may come: the recording has not ended.
  bool goes_on() const noexcept { return goes_on_; }

  const std::vector<OwnTrack>& tracks() const noexcept { return tracks_; }
  /// Fetches one file after the other, each into a file without a name. Must not outlive this.
  consent::SealedFiles files() const;

 private:
  OwnPart(std::string address, crypto::SecretBytes token) : address_(std::move(address)), token_(std::move(token)) {}
  std::string address_;
  crypto::SecretBytes token_;
  std::vector<OwnTrack> tracks_;
  bool goes_on_ = false;
};

}  // namespace unavoce::cli
