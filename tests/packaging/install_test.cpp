// What `cmake --install` gives an operator: the files with their modes, a unit that systemd takes and that starts the
// program with what it knows, and a service that finds its pages.
#include <sysexits.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/program.hpp"

using namespace unavoce::testing;
namespace fs = std::filesystem;

namespace {

const std::string unit_path = UNAVOCE_PREFIX "/lib/systemd/system/unavoced.service";
const std::string users_path = UNAVOCE_PREFIX "/lib/sysusers.d/unavoce.conf";
const std::string sample_path = UNAVOCE_DATA "/unavoce/unavoced.toml";
const std::string pages_path = UNAVOCE_DATA "/unavoce/web";

/// An installation below a folder of its own, made under the narrowest umask.
struct Installation {
  Installation() {
    const Outcome made = run("umask 077; DESTDIR='" + root.path().string() +
                             "' '" UNAVOCE_CMAKE "' --install '" UNAVOCE_BINARY_DIR "' 2>&1");
    INFO(made.output);
    REQUIRE(made.exit_code == 0);
  }

  /// Where a path of the installed system lies here.
  std::string at(const std::string& path) const { return root.path().string() + path; }
  std::string text(const std::string& path) const {
    const Bytes bytes = read_file(at(path));
    return {bytes.begin(), bytes.end()};
  }
  /// The values of a setting of the unit, in order.
  std::vector<std::string> unit(const std::string& key) const {
    std::vector<std::string> values;
    std::istringstream lines(text(unit_path));
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(key + "=")) values.push_back(line.substr(key.size() + 1));
    return values;
  }

  TemporaryFolder root;
};

bool are_there_pages() {
  return fs::exists(UNAVOCE_PAGES "/index.html");
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

unsigned mode_of(const fs::path& path) {
  return static_cast<unsigned>(fs::symlink_status(path).permissions() & fs::perms::mask);
}

}  // namespace

TEST_CASE("an installation has the programs, the unit, the user, the sample and the pages, and nothing else") {
  const Installation made;
  const std::map<std::string, unsigned> expected = {{UNAVOCE_BIN "/unavoced", 0755},
                                                    {UNAVOCE_BIN "/unavoce", 0755},
                                                    {unit_path, 0644},
                                                    {users_path, 0644},
                                                    {sample_path, 0644},
                                                    {UNAVOCE_DOC "/OPERATING.md", 0644},
                                                    {UNAVOCE_DOC "/CLI.md", 0644}};
  for (const auto& [path, mode] : expected) {
    CAPTURE(path);
    REQUIRE(fs::is_regular_file(made.at(path)));
    CHECK(mode_of(made.at(path)) == mode);
  }
  CHECK(fs::exists(made.at(pages_path + "/index.html")) == are_there_pages());
  for (const auto& entry : fs::recursive_directory_iterator(made.root.path())) {
    const std::string path = entry.path().string().substr(made.root.path().string().size());
    CAPTURE(path);
    if (entry.is_directory()) {
      // Those above are the system's, and there already where it counts.
      const bool is_ours = path.starts_with(UNAVOCE_DATA "/unavoce") || path.starts_with(UNAVOCE_DOC);
      if (is_ours) CHECK(mode_of(entry.path()) == 0755);
    } else if (!expected.contains(path)) {
      CHECK(path.starts_with(pages_path + "/"));
      CHECK(mode_of(entry.path()) == 0644);
    }
  }
}

TEST_CASE("pages of an older build do not stay beside those of this one") {
  if (!are_there_pages()) {
    WARN("SKIPPED: no pages are built (scripts/pages build/pages)");
    return;
  }
  const Installation made;
  write_text(made.at(pages_path + "/old.js"), "");
  const Outcome again =
      run("DESTDIR='" + made.root.path().string() + "' '" UNAVOCE_CMAKE "' --install '" UNAVOCE_BINARY_DIR "' 2>&1");
  REQUIRE(again.exit_code == 0);
  CHECK_FALSE(fs::exists(made.at(pages_path + "/old.js")));
  CHECK(fs::exists(made.at(pages_path + "/index.html")));
}

TEST_CASE(
    "the unit starts the service again after a crash and after what may pass, however often, and not what it refused") {
  const Installation made;
  CHECK(made.unit("StartLimitIntervalSec") == std::vector<std::string>{"0"});
  CHECK(made.unit("StartLimitBurst").empty());
  CHECK(made.unit("Restart") == std::vector<std::string>{"on-abnormal"});
  CHECK(made.unit("RestartForceExitStatus") == std::vector<std::string>{std::to_string(EX_TEMPFAIL)});
  CHECK(made.unit("RestartSec") == std::vector<std::string>{"2"});
  // systemd reads this setting in one section only, and ignores it elsewhere.
  const std::string unit = made.text(unit_path);
  const auto section = unit.find("\n[Service]");
  REQUIRE(section != std::string::npos);
  CHECK(unit.find("\nStartLimitIntervalSec=0") < section);
}

TEST_CASE("systemd takes the unit, and finds little that it leaves open") {
  if (run("command -v systemd-analyze").exit_code != 0) {
    WARN("SKIPPED: there is no systemd-analyze here");
    return;
  }
  const Installation made;
  // Its program is looked for: here, not where it will be.
  std::string unit = made.text(unit_path);
  const auto program = unit.find("ExecStart=" UNAVOCE_BIN);
  REQUIRE(program != std::string::npos);
  unit.insert(program + std::string("ExecStart=").size(), made.root.path().string());
  const std::string path = made.at("/unavoced.service");
  write_text(path, unit);
  const Outcome verified = run("systemd-analyze verify --man=no '" + path + "' 2>&1");
  CAPTURE(verified.output);
  CHECK(verified.exit_code == 0);
  CHECK(verified.output.find("unavoced.service") == std::string::npos);
  const Outcome judged = run("systemd-analyze security --no-pager --offline=true --threshold=25 '" + path + "' 2>&1");
  CAPTURE(judged.output);
  CHECK(judged.exit_code == 0);
}

TEST_CASE("the unit starts the installed program with flags and files that its help names, as a user that is made") {
  const Installation made;
  const std::string help = run("'" + made.at(UNAVOCE_BIN "/unavoced") + "' --help").output;
  REQUIRE(help.find("--data ") != std::string::npos);
  const auto starts = made.unit("ExecStart");
  REQUIRE(starts.size() == 1);
  const auto words = words_of(starts.front());
  REQUIRE_FALSE(words.empty());
  CHECK(words.front() == UNAVOCE_BIN "/unavoced");
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    CAPTURE(*word);
    CHECK(help.find(*word + (word->starts_with("--") ? " " : "")) != std::string::npos);
  }
  for (const std::string& variable : made.unit("Environment")) {
    CAPTURE(variable);
    CHECK_FALSE(variable.starts_with("UNAVOCE_"));  // would win over what the operator writes into the file
  }

  const auto users = made.unit("User");
  REQUIRE(users.size() == 1);
  CHECK(users.front() != "root");
  const std::string state = "/var/lib/" + made.unit("StateDirectory").at(0);
  CHECK(made.text(users_path).find("\nu " + users.front() + " ") != std::string::npos);
  CHECK(made.text(users_path).find(" " + state + "\n") != std::string::npos);
  CHECK(made.text(sample_path).find("\ndata = \"" + state + "\"\n") != std::string::npos);
}

TEST_CASE("the installed sample is a right configuration, and the installed service finds its pages") {
  const Installation made;
  const std::string program = "'" + made.at(UNAVOCE_BIN "/unavoced") + "'";
  const Outcome checked = run(program + " --config '" + made.at(sample_path) + "' --check-config 2>&1");
  CAPTURE(checked.output);
  CHECK(checked.exit_code == 0);
  if (!are_there_pages()) {
    WARN("SKIPPED: no pages are built (scripts/pages build/pages)");
    return;
  }
  const TemporaryFolder place;
  const Outcome served =
      run("cd '" + place.path().string() + "' && { " + program +
          " --allow-root --port 0 --data data > said 2> log & service=$!; until [ -s said ]; do "
          "kill -0 $service || { cat log; exit 99; }; sleep 0.05; done; kill $service; wait $service; cat log; }");
  CAPTURE(served.output);
  CHECK(served.exit_code == 0);
  CHECK(served.output.find("no pages in") == std::string::npos);
}
