// A recording and its keys in a folder in which commands run: for the tests of `unavoce verify`, `open` and `receipt`.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"
#include "unavoce_program.hpp"

namespace unavoce::testing::commands {

namespace fs = std::filesystem;

using testing::program;

/// A finished recording as tar and folder, with all the keys, in a folder in which commands run.
struct Stage {
  TemporaryFolder folder;
  std::optional<SyntheticMeeting> meeting;
  std::string bag;  // top folder

  explicit Stage(Ending ending = Ending::finished) {
    fs::create_directory(folder.path() / "server");
    meeting.emplace(folder.path() / "server");
    meeting->add_person("Paul", consent::Role::participant);
    meeting->add_room();
    meeting->request();
    for (Person& person : meeting->people) meeting->approve(person);
    meeting->take();
    for (const Person& person : meeting->people) meeting->track(person, 200'000, ending);
    meeting->seal_take();
    meeting->seal_recording();
    meeting->write_tar(folder / "bundle.tar");
    bag = meeting->write_folder(folder.path() / "bag").string();
    put_text(folder / "room.key", meeting->room_key_file());
    put_text(folder / "paul.txt", meeting->key_file(meeting->people.back()));
    put_text(folder / "receipt.json", meeting->receipt(meeting->people.back()));
  }

  Outcome in(const std::string& line) const { return run("cd " + folder.path().string() + " && " + line); }
  Outcome unavoce(const std::string& line) const { return in(program + " " + line); }

  /// Runs a line while a server hands out bundle.tar to whoever has the token; $port is its port.
  Outcome against_server(const std::string& token, const std::string& line) const {
    const std::string path = "/api/v1/recordings/" + meeting->recording.hex() + "/bundle";
    return in("{ rm -f port; node " UNAVOCE_SOURCE_DIR "/tests/cli/bundle_server.mjs bundle.tar " + path + " " + token +
              " > port & server=$!; until [ -s port ]; do kill -0 $server || exit 99; sleep 0.05; done; "
              "port=$(cat port); " +
              line + "; code=$?; kill $server; exit $code; }");
  }
  /// The same while a server hands out the files of one person to whoever has the token.
  Outcome against_own(const std::string& token, const Person& person, const std::string& line) const {
    return against_own(token, "t001-" + person.approval->hex().substr(0, 16), line);
  }
  Outcome against_own(const std::string& token, const std::string& prefix, const std::string& line) const {
    const std::string path = "/api/v1/recordings/" + meeting->recording.hex() + "/tracks";
    return in("{ rm -f port; node " UNAVOCE_SOURCE_DIR "/tests/cli/own_server.mjs " + bag + "/data/tracks " + path +
              " " + prefix + " " + token +
              " > port & server=$!; until [ -s port ]; do kill -0 $server || exit 99; sleep 0.05; done; "
              "port=$(cat port); sed \"s/:PORT$/:$port/\" paul.txt > own.txt; " +
              line + "; code=$?; kill $server; exit $code; }");
  }
  /// Writes a token line into Paul's key file, in the place of the one that is there.
  void put_token(const std::string& text) const {
    std::string key_file = read_text(folder / "paul.txt");
    if (const auto old = key_file.find("# token: "); old != std::string::npos)
      key_file.erase(old, key_file.find('\n', old) + 1 - old);
    key_file.insert(key_file.find("# withdrawal"), "# token: " + text + "\n");
    const auto server = key_file.find("# server: ");
    key_file.replace(server, key_file.find('\n', server) - server, "# server: http://127.0.0.1:PORT");
    put_text(folder / "paul.txt", key_file);
  }
  std::string address() const { return "http://127.0.0.1:$port/recordings/" + meeting->recording.hex(); }

  std::string plaintext(const Person& person) const {
    for (const auto& [name, track] : meeting->tracks) {
      if (track.statement.approval == *person.approval) return track.plaintext;
    }
    throw std::runtime_error("no such track");
  }
  /// Where `open` puts this person's track.
  std::string opened_file(const Person& person, const std::string& in_folder) const {
    return folder / (in_folder + "/t001-" + person.approval->hex().substr(0, 16) + "-f001.webm");
  }
};

}  // namespace unavoce::testing::commands
