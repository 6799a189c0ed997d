#include "opened_file.hpp"

#include "tests/program.hpp"

namespace unavoce::crash {
namespace {

std::size_t times_marked(std::string_view text) {
  constexpr std::string_view mark = "unavoce-frame-";  // numbered_frames.cpp
  std::size_t times = 0;
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) ++times;
  return times;
}

}  // namespace

OpenedFile open_file(const std::string& main, const std::string& tail, const crypto::Identity& e,
                     const std::string& scratch) {
  const std::string key = scratch + "/e.txt", plain = scratch + "/plain.webm";
  testing::write_text(key, crypto::as_text(e.secret_text().view()));
  const std::string open = "age -d -i " + key + " ";
  const std::string words = tail.empty() ? open + main : "(" + open + main + " | head -c -2; " + open + tail + ")";
  OpenedFile opened;
  const auto joined = testing::run("bash -o pipefail -c '{ " + words + "; } > " + plain + "' 2>&1");
  if (joined.exit_code != 0) {
    opened.wrong = "age: " + joined.output;
    return opened;
  }
  const auto bytes = testing::read_file(plain);
  opened.frames = recorder::test::frames_in(bytes);
  if (times_marked(crypto::as_text(bytes)) != opened.frames.size()) opened.wrong = "a frame is in it twice";
  if (opened.frames.empty()) return opened;  // prepared, and nothing came: there is nothing to play
  const auto probed = testing::run("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 " + plain + " 2>&1");
  if (probed.exit_code != 0 || probed.output.find("opus") == std::string::npos)
    opened.wrong = "ffprobe: " + probed.output;
  return opened;
}

}  // namespace unavoce::crash
