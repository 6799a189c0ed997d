// Gets at the bundle that RECORDING names: a folder, a tar, or an address, which is first fetched into a file without a
// name. What is fetched is sealed; nothing in the clear reaches the disk.
//
// Owner: the source keeps the fetched file alive. Thread: main, blocking. Errors: usage for an address that makes no
// sense or a missing token, io for the network, failed for what is no bundle.
#pragma once

#include <optional>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "consent/bundle.hpp"

namespace unavoce::cli {

class RecordingSource {
 public:
  static Result<RecordingSource> open(const RecordingOptions& options);
  const consent::Bundle& bundle() const { return bundle_; }

 private:
  RecordingSource(std::optional<Descriptor> fetched, consent::Bundle bundle)
      : fetched_(std::move(fetched)), bundle_(std::move(bundle)) {}
  std::optional<Descriptor> fetched_;
  consent::Bundle bundle_;
};

/// The text for a terminal: control characters and what changes the direction of writing become '?'.
std::string printable(std::string_view text);

}  // namespace unavoce::cli
