#pragma once
// The files of a take that is over, as its seal names them: each as its writer, or the disk, has it, and the tail that
// a writer left which could not finish. They are read in pieces, so that other work on files is not kept waiting, and
// an end of the service neither. Owned by Seals; one thread at a time, a worker, which it keeps busy for a moment.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "recorder/measuring.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class TakeFiles {
 public:
  /// How far its main files are known: by their writers, or by the statements alone that announced them, so that they
  /// have to be ended and measured as they lie there.
  enum class Known { measured, announced };

  TakeFiles(Services& services, consent::RecordingId recording, std::vector<recorder::SealedTrackFile> files,
            Known known);

  enum class Progress { more, all };
  /// Ends and reads the next piece of them. A file that is measured is not read again, also if another one fails.
  /// Damage that no later attempt undoes is told in the log, and such a file is sealed as it lies there: `verify` then
  /// finds it. Errors: what the disk does not give, or take.
  Result<Progress> read_on();
  bool is_measured() const { return next_ == parts_.size(); }
  /// From their first byte to their last: nobody measured them as they were written.
  bool has_to_be_read() const { return known_ == Known::announced; }
  /// Once all are measured.
  const std::vector<recorder::SealedTrackFile>& measured() const { return measured_; }

 private:
  enum class Is { measured, main, tail };
  struct Part {
    recorder::SealedTrackFile file;
    Is is;
  };
  Result<void> begin(const Part& part);
  void keep(const Part& part, recorder::SealedTrackFile found);

  Services& services_;
  consent::RecordingId recording_;
  Known known_;
  std::vector<Part> parts_;
  std::size_t next_ = 0;  // of the parts
  std::optional<recorder::Measuring> measuring_;
  std::vector<recorder::SealedTrackFile> measured_;
  std::string told_;  // of the damage
};

}  // namespace unavoce::server
