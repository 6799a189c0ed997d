#include "crypto/age_header.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/base64raw.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view intro = "age-encryption.org/v1";
constexpr std::string_view armor_intro = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view stanza_mark = "-> ";
constexpr std::string_view mac_mark = "--- ";
constexpr std::size_t columns = 64;  // of a full body line
constexpr std::size_t mac_columns = 43;

Error malformed(std::string why) {
  return {Errc::malformed, "not a valid age header: " + std::move(why)};
}

/// Hands out lines without their LF, as long as they are complete.
class Lines {
 public:
  explicit Lines(ByteView bytes) : text_(as_text(bytes)) {}

  std::optional<std::string_view> next() {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }
  std::size_t consumed() const { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// "-> type arg…": one space between arguments, each of printable ASCII.
Result<Stanza> parse_stanza_line(std::string_view line) {
  std::vector<std::string> words;
  std::string_view rest = line.substr(stanza_mark.size());
  for (;;) {
    const std::size_t space = rest.find(' ');
    const std::string_view word = rest.substr(0, space);
    if (word.empty()) return malformed("a stanza has an empty argument");
    if (std::ranges::any_of(word, [](char c) { return c < 33 || c > 126; })) {
      return malformed("a stanza has an argument that is not printable ASCII");
    }
    words.emplace_back(word);
    if (space == std::string_view::npos) break;
    rest.remove_prefix(space + 1);
  }
  Stanza stanza;
  stanza.type = std::move(words.front());
  stanza.args.assign(std::make_move_iterator(words.begin() + 1), std::make_move_iterator(words.end()));
  return stanza;
}

enum class Body { continues, complete };

/// Appends one body line; a line shorter than 64 columns, possibly empty, ends the body.
Result<Body> parse_body_line(std::string_view line, Bytes& body) {
  if (line.size() > columns) return malformed("a body line is longer than 64 columns");
  auto part = from_base64raw(line);
  if (!part) return malformed("a body line is not canonical base64");
  body.insert(body.end(), part.value().begin(), part.value().end());
  return line.size() == columns ? Body::continues : Body::complete;
}

Result<Digest> parse_mac_line(std::string_view line) {
  const std::string_view text = line.substr(mac_mark.size());
  auto bytes = from_base64raw(text);
  Digest mac{};
  if (text.size() != mac_columns || !bytes || bytes.value().size() != mac.size()) {
    return malformed("the line of the MAC is not \"--- \" and 43 characters of base64");
  }
  std::ranges::copy(bytes.value(), mac.begin());
  return mac;
}

Result<void> check_intro(std::string_view start) {
  if (start.starts_with(armor_intro.substr(0, std::max<std::size_t>(start.size(), 1)))) {
    return Error{Errc::unsupported,
                 "this age file is armored (text); turn it into a binary one with: age -d FILE | age -r …"};
  }
  const std::string full = std::string(intro) + '\n';
  const std::size_t common = std::min(start.size(), full.size());
  if (start.substr(0, common) != std::string_view(full).substr(0, common)) {
    return malformed("it does not start with \"age-encryption.org/v1\"");
  }
  return boost::outcome_v2::success();
}

std::optional<ParsedHeader> more_needed() {
  return std::nullopt;
}

Result<std::optional<ParsedHeader>> parse_lines(ByteView bytes) {
  Lines lines(bytes);
  lines.next();  // the intro, checked before
  Header header;
  for (;;) {
    const auto line = lines.next();
    if (!line) return more_needed();
    if (line->starts_with(mac_mark)) {
      if (header.stanzas.empty()) return malformed("it has no stanza");
      BOOST_OUTCOME_TRY(header.mac, parse_mac_line(*line));
      return std::optional(ParsedHeader{std::move(header), lines.consumed()});
    }
    if (!line->starts_with(stanza_mark)) return malformed("a line is neither a stanza nor the MAC");
    BOOST_OUTCOME_TRY(auto stanza, parse_stanza_line(*line));
    for (Body state = Body::continues; state == Body::continues;) {
      const auto body_line = lines.next();
      if (!body_line) return more_needed();
      BOOST_OUTCOME_TRY(state, parse_body_line(*body_line, stanza.body));
    }
    header.stanzas.push_back(std::move(stanza));
  }
}

}  // namespace

Result<std::optional<ParsedHeader>> parse_header(ByteView bytes) {
  BOOST_OUTCOME_TRY(check_intro(as_text(bytes)));
  if (bytes.size() <= intro.size()) return more_needed();
  BOOST_OUTCOME_TRY(auto parsed, parse_lines(bytes.first(std::min(bytes.size(), max_header_bytes))));
  if (!parsed && bytes.size() >= max_header_bytes) {
    return Error{Errc::too_large, "the age header is longer than 64 KiB; refuse it"};
  }
  return parsed;
}

Result<ParsedHeader> parse_whole_header(ByteView bytes) {
  BOOST_OUTCOME_TRY(auto parsed, parse_header(bytes));
  if (!parsed) return malformed("it is cut off");
  return std::move(*parsed);
}

std::string mac_input(std::span<const Stanza> stanzas) {
  std::string text = std::string(intro) + '\n';
  for (const Stanza& stanza : stanzas) {
    text += "-> " + stanza.type;
    for (const std::string& arg : stanza.args) text += ' ' + arg;
    text += '\n';
    const std::string body = to_base64raw(stanza.body);
    // A body that fills its last line is followed by an empty one.
    for (std::size_t at = 0; at <= body.size(); at += columns) text += body.substr(at, columns) + '\n';
  }
  return text += "---";
}

std::string serialise(const Header& header) {
  return mac_input(header.stanzas) + ' ' + to_base64raw(header.mac) + '\n';
}

}  // namespace unavoce::crypto
