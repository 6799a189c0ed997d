// A track file seen from outside: opened with the `age` program, looked at by ffprobe, decoded by ffmpeg.
#pragma once

#include <set>
#include <sstream>
#include <string>

#include "stage.hpp"

namespace unavoce::recorder::test {

/// Opens a track file with the `age` program and writes it where ffmpeg can read it.
inline std::filesystem::path open_with_age(Stage& stage, const std::string& name, const Person& person) {
  const auto key = stage.folder.path() / "e.txt";
  const auto text = person.identity.secret_text();
  write_file(key, {text.view().begin(), text.view().end()});
  const auto plain = stage.folder.path() / std::filesystem::path(name).stem();  // without .age
  run("age -d -i " + key.string() + " -o " + plain.string() + " " + stage.path_of(name).string());
  return plain;
}

/// What ffmpeg finds wrong when it decodes every frame.
inline std::string complaints(const std::filesystem::path& media) {
  return run("ffmpeg -v error -i " + media.string() + " -fps_mode passthrough -enc_time_base 1:90000 -f null -");
}

/// The same in other words, as a player would see it.
inline std::string probe(const std::filesystem::path& media, const std::string& entries) {
  return run("ffprobe -v error -show_entries " + entries + " -of csv=p=0 " + media.string());
}

inline std::string streams(const std::filesystem::path& media) {
  return probe(media, "stream=codec_name");
}

/// Widths of the decoded pictures.
inline std::set<std::string> widths(const std::filesystem::path& media) {
  std::istringstream lines(
      run("ffprobe -v error -select_streams v -show_entries frame=width -of csv=p=0 " + media.string()));
  std::set<std::string> found;
  for (std::string line; lines >> line;) found.insert(line.substr(0, line.find(',')));
  return found;
}

/// Whether a file's first picture is a key frame.
inline bool begins_with_key_frame(const std::filesystem::path& media) {
  return run("ffprobe -v error -select_streams v -read_intervals %+#1 -show_entries packet=flags -of csv=p=0 " +
             media.string())
      .starts_with("K");
}

inline void await_video(const Publisher& publisher, std::uint64_t frames) {
  const std::uint64_t goal = publisher.sent().video + frames;
  await([&] { return publisher.sent().video >= goal; });
}

inline void await_audio(const Publisher& publisher, std::uint64_t frames) {
  const std::uint64_t goal = publisher.sent().audio + frames;
  await([&] { return publisher.sent().audio >= goal; });
}

}  // namespace unavoce::recorder::test
