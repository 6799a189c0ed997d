// Recordings that the second implementation judges: each has a name and is played as a meeting. Made once, by main
// (recordings.cpp); a name that begins with "key-" is wrong in what only the room key shows. Errors: exceptions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

namespace unavoce::testing::second_implementation {

using namespace consent;

using Script = std::function<void(SyntheticMeeting&)>;

struct Case {
  std::string name;
  Script script;
};

/// What FORMATS.md allows.
std::vector<Case> good_cases();
/// … also when somebody took back, refused, or an approval ran out while it was recorded.
std::vector<Case> honest_endings();

/// What it does not: of each of these a reader must say the same as ours.
std::vector<Case> bad_ledger_cases();
std::vector<Case> bad_withdrawal_cases();
std::vector<Case> bad_track_cases();
std::vector<Case> bad_seal_cases();
std::vector<Case> bad_take_cases();
std::vector<Case> bad_answer_cases();
/// A take went on after its consent was over.
std::vector<Case> recorded_on_cases();

// ---- what the meetings are made of

/// The usual beginning: Paula comes, and everybody answers the request.
void approve_all(SyntheticMeeting& meeting);
/// A whole take of everybody.
void one_take(SyntheticMeeting& meeting, Ending ending = Ending::finished);
/// A meeting that is right up to its end but for what `change` does to the statement of the only take.
Script with_take(const Change<Take>& change);
/// The same for the first track.
Script with_track(const Change<Track>& change);
/// The same for the approval of the second person.
Script with_approval(const Change<Approval>& change);
/// A meeting in which the second person withdrew their sound before the take, which records this of them.
Script withdrawn_of_audio(const Scope& recorded);

}  // namespace unavoce::testing::second_implementation
