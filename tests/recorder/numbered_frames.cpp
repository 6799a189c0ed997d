#include "numbered_frames.hpp"

#include <cstdio>
#include <string_view>

namespace unavoce::recorder::test {

namespace {
constexpr std::string_view mark = "unavoce-frame-";  // then 'a' or 'v' and eight digits
}

Frame numbered_frame(Stream stream, int number, FrameType type, std::int64_t first_ns, std::int64_t last_ns) {
  std::vector<std::uint8_t> bytes;
  if (stream == Stream::audio) {
    bytes = {0xfc};  // CELT, 20 ms, one frame
  } else if (type == FrameType::key) {
    bytes = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0};
  } else {
    bytes = {0x11, 0, 0};
  }
  char text[32];
  std::snprintf(text, sizeof text, "%s%c%08d", mark.data(), stream == Stream::audio ? 'a' : 'v', number);
  for (const char c : std::string_view(text)) bytes.push_back(static_cast<std::uint8_t>(c));

  Frame frame;
  frame.stream = stream;
  frame.kind = stream == Stream::audio ? consent::Kind::audio : consent::Kind::video;
  frame.codec = stream == Stream::audio ? Codec::opus : Codec::vp8;
  frame.type = stream == Stream::audio ? FrameType::key : type;
  frame.bytes = PlainBytes(bytes);
  frame.pts_ns = frame.first_arrival_ns = first_ns;
  frame.last_arrival_ns = last_ns;
  return frame;
}

std::set<FrameName> frames_in(const std::vector<std::uint8_t>& plaintext) {
  std::set<FrameName> found;
  const std::string_view text(reinterpret_cast<const char*>(plaintext.data()), plaintext.size());
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const auto rest = text.substr(at + mark.size(), 9);
    found.emplace(rest[0] == 'a' ? Stream::audio : Stream::video, std::stoi(std::string(rest.substr(1))));
  }
  return found;
}

std::string names(const std::set<FrameName>& frames) {
  std::string all;
  for (const auto& [stream, number] : frames) all += (stream == Stream::audio ? " a" : " v") + std::to_string(number);
  return all;
}

}  // namespace unavoce::recorder::test
