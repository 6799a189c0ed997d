#include "fault_play.hpp"

#include "aftermath.hpp"
#include "allowances.hpp"
#include "cli/fsck.hpp"

namespace unavoce::faults {

using server::test::Json;
using server::test::Reply;

FaultPlay::FaultPlay(const std::optional<Fault>& fault, Sweeps sweeps) : fault_(fault), sweeps_(sweeps) {
  if (fault) disk_.arm(fault->place, fault->trouble, fault->occurrence);
}

void FaultPlay::complain_of(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) complain(text);
}

void FaultPlay::enter(const std::string& phase) {
  phase_ = phase;
  disk_.enter(phase);
}

/// One fault, and what follows from it until it is healed.
bool FaultPlay::may_be_told_again() {
  return disk_.was_hit() && times_told_++ <= 4;
}

void FaultPlay::check_told(const std::string& text) {
  if (!may_be_told_again()) throw std::runtime_error("refused without a cause: " + text);
  told_ = true;
  const auto json = text.find("{\"");
  if (json == std::string::npos) return complain("no problem document: " + text);
  Json problem = Json::parse(text.substr(json), nullptr, false);
  if (problem.is_discarded()) return complain("no problem document: " + text);
  if (problem.contains("problem")) problem = Json(problem.at("problem"));  // as a WebSocket message carries it
  for (const char* key : {"code", "detail"}) {
    if (!problem.contains(key) || problem.at(key).get<std::string>().empty()) complain("without words: " + text);
  }
}

void FaultPlay::told(const std::string& text) {
  check_told(text);
  disk_.heal();
}

void FaultPlay::told(const Reply& reply) {
  if (reply.status < 400) complain("answered " + std::to_string(reply.status) + " " + reply.body);
  told(reply.body);
}

void FaultPlay::start_service() {
  for (;;) {
    try {
      service_ = std::make_unique<FaultyService>(data_, disk_, book_, sweeps_);
      return;
    } catch (const std::exception& failure) {
      if (!may_be_told_again()) throw;
      told_ = true;
      start_errors_ += failure.what() + std::string("\n");
      disk_.heal();
    }
  }
}

void FaultPlay::end_service() {
  if (!service_) return;
  service_->end();
  enter("closing");
  service_.reset();
}

/// Whoever runs the machine finds the file in the log, or in what the program said when it did not start.
Played FaultPlay::finish() {
  Played played;
  played.places = disk_.seen();
  played.was_hit = disk_.was_hit();
  played.was_told = told_;
  if (played.was_hit) {
    played.was_logged = is_named_in(book_.text(), start_errors_, disk_.refused());
    if (told_ && !played.was_logged && why_silent(*fault_).empty())
      complain("no error in the log names " + fault_->place.file);
  }
  look_at_the_data_folder();
  played.complaints = complaints_;
  played.log = book_.text() + start_errors_;
  return played;
}

/// The fault is over and done with: nothing of it is left, whatever it was.
void FaultPlay::look_at_the_data_folder() {
  disk_.retire();
  const auto report = cli::fsck({data_.string(), cli::Repairs::none});
  if (!report)
    complain("fsck: " + report.error().text);
  else if (report.value().exit_code != cli::ExitCode::ok)
    complain("fsck: " + report.value().text);
}

}  // namespace unavoce::faults
