// Writes recordings for the second implementation to judge: `second_implementation_recordings FOLDER` makes, for every
// case of the files beside this one, FOLDER/<good|bad>/<case>/ with the bag, room.key and (for good ones) the same bag
// as bundle.tar. Every bad one is properly signed, in a real ledger, with manifests that fit: only reading FORMATS.md
// finds what is wrong.
#include <iostream>
#include <utility>

#include "cases.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::second_implementation;

namespace fs = std::filesystem;

namespace {

void write(const Case& made, const fs::path& folder, std::string_view verdict) {
  const fs::path place = folder / verdict / made.name;
  const fs::path server = place / "server";
  fs::create_directories(server);
  {
    SyntheticMeeting meeting(server);
    made.script(meeting);
    meeting.write_folder(place);
    if (verdict == "good") meeting.write_tar(place / "bundle.tar");
    put_text(place / "room.key", meeting.room_key_file());
  }
  fs::remove_all(server);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: second_implementation_recordings FOLDER\n";
    return 2;
  }
  for (const auto& [verdict, cases] :
       {std::pair("good", good_cases()), std::pair("good", honest_endings()), std::pair("bad", bad_ledger_cases()),
        std::pair("bad", bad_answer_cases()), std::pair("bad", bad_take_cases()), std::pair("bad", bad_track_cases()),
        std::pair("bad", bad_seal_cases()), std::pair("bad", bad_withdrawal_cases()),
        std::pair("bad", recorded_on_cases())}) {
    for (const Case& made : cases) {
      try {
        write(made, argv[1], verdict);
      } catch (const std::exception& error) {
        std::cerr << verdict << "/" << made.name << " cannot be made: " << error.what() << "\n";
        return 1;
      }
    }
  }
}
