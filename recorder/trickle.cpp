#include "recorder/trickle.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace unavoce::recorder {
namespace {

Error malformed(const std::string& why) {
  return Error{Errc::bad_offer, "The SDP fragment cannot be read: " + why + "."};
}

std::optional<std::string_view> after(std::string_view line, std::string_view start) {
  if (!line.starts_with(start)) return std::nullopt;
  return line.substr(start.size());
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

enum class Candidate { usable, other, malformed };

/// `<foundation> <component> <transport> <priority> <address> <port> typ <type> …`
Candidate judge(std::string_view value) {
  const auto parts = split(value, ' ');
  if (parts.size() < 8 || parts[6] != "typ" || parts[0].empty() || parts[0].size() > 32) return Candidate::malformed;
  const auto component = number(parts[1]);
  const auto port = number(parts[5]);
  if (!component || !number(parts[3]) || !port || *port > 65535) return Candidate::malformed;
  const bool udp = parts[2] == "udp" || parts[2] == "UDP";
  return udp && *component == 1 && is_ip_address(std::string(parts[4])) ? Candidate::usable : Candidate::other;
}

/// Line after line.
class Reader {
 public:
  explicit Reader(const OfferedIce& offered) : offered_(offered) {}

  Result<void> read(std::string_view line) {
    if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=') return malformed("a line is not <type>=…");
    if (line.starts_with("m=")) {
      section_ = none;
    } else if (const auto ufrag = after(line, "a=ice-ufrag:")) {
      if (!offered_.ufrags.contains(std::string(*ufrag))) {
        return Error{Errc::unsupported, "ICE is not restarted here; end this session and publish again."};
      }
    } else if (const auto mid = after(line, "a=mid:")) {
      const auto found = offered_.transports.find(std::string(*mid));
      if (found == offered_.transports.end()) return malformed("it has a section that the offer had not");
      section_ = static_cast<int>(found->second);
    } else if (const auto candidate = after(line, "a=candidate:")) {
      return take(*candidate);
    }
    return boost::outcome_v2::success();  // RFC 8840 section 9: other attributes are ignored
  }

  std::vector<RemoteCandidate> candidates;

 private:
  Result<void> take(std::string_view value) {
    if (section_ == none) return malformed("a candidate stands before a=mid");
    const Candidate judged = judge(value);
    if (judged == Candidate::malformed) return malformed("a candidate has not the parts of one");
    if (judged == Candidate::usable)
      candidates.push_back({static_cast<unsigned>(section_), "candidate:" + std::string(value)});
    return boost::outcome_v2::success();
  }

  const OfferedIce& offered_;
  static constexpr int none = -1;
  int section_ = none;
};

bool is_printable(char c) {
  return c == '\n' || (c >= ' ' && c <= '~');
}

}  // namespace

bool is_usable_candidate(std::string_view value) {
  return judge(value) == Candidate::usable;
}

Result<std::vector<RemoteCandidate>> read_fragment(std::string_view fragment, const OfferedIce& offered) {
  if (fragment.size() > max_fragment_bytes) return malformed("it is larger than 16 KiB");
  Reader reader(offered);
  std::size_t lines = 0;
  for (std::string_view line : split(fragment, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!std::all_of(line.begin(), line.end(), is_printable)) return malformed("it holds control characters");
    BOOST_OUTCOME_TRY(reader.read(line));
    ++lines;
  }
  if (lines == 0) return malformed("it is empty");
  return std::move(reader.candidates);
}

}  // namespace unavoce::recorder
