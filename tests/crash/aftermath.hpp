// Holds a restarted service to everything its people know. Remembers what it looked at, so that only what is new is
// opened again; but every file is hashed every time.
// Owner: Play. Thread: the test's. Errors: std::runtime_error when the service does not answer; what is not as it
// should be is told in words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "chronicle.hpp"
#include "opened_file.hpp"
#include "story.hpp"

namespace unavoce::crash {

class Aftermath {
 public:
  struct Figures {
    std::size_t takes = 0, interrupted = 0, files = 0, frames = 0, erased = 0, windows = 0;
    std::int64_t worst_loss_ms = 0;
  };

  /// `scratch` is a folder of the test's own.
  Aftermath(const server::test::Host& host, std::string scratch) : host_(host), scratch_(std::move(scratch)) {}

  /// Looks at everything; withdrawals without an answer are sent again. What is wrong, in words.
  std::vector<std::string> wrong(Chronicle& chronicle);

  const Figures& figures() const { return figures_; }

 private:
  using Frames = std::set<recorder::test::FrameName>;

  void look_at_ledger(const Chronicle& chronicle);
  void look_at(const Chronicle& chronicle, const consent::RecordingId& recording, const Story& story);
  void look_at_erased(const Chronicle& chronicle, const consent::RecordingId& recording);
  void look_at_takes(const Chronicle& chronicle, const consent::RecordingId& recording, const Story& story);
  void look_at_folder(const consent::RecordingId& recording, const Story& story);
  void look_at_withdrawals(const Chronicle& chronicle, const consent::RecordingId& recording, const Story& story);
  void look_at_answer(const Chronicle& chronicle, const Answer& answer, const Story& story);
  void look_at_window(const Answer& answer, const Window& window, recorder::Stream stream, const Frames& on_disk);
  void send_again(Chronicle& chronicle);
  void verify(const consent::RecordingId& recording, const Story& story);
  const OpenedFile& opened(const Answer& answer, const consent::SealedTrack& file, const Story& story);
  std::string path_of(const consent::RecordingId& recording, const std::string& name) const;
  void say(const std::string& text) { wrong_.push_back(text); }

  const server::test::Host& host_;
  std::string scratch_;
  std::vector<std::string> wrong_;
  std::vector<crypto::Digest> leaves_;
  std::map<crypto::Digest, OpenedFile> opened_;           // by what lies there
  std::map<consent::RecordingId, std::size_t> verified_;  // with so many entries
  Figures figures_;
};

}  // namespace unavoce::crash
