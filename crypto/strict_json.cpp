#include "crypto/strict_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace unavoce::crypto {

namespace {

/// Receives nlohmann's parse events; the first refused one ends the parse and leaves its reason.
class StrictJsonSax final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit StrictJsonSax(std::size_t max_depth) : max_depth_(max_depth) {}

  const std::string& reason() const { return reason_; }

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t number) override {
    return number < -max_json_integer ? refuse("an integer is below -(2^53-1)") : value();
  }
  bool number_unsigned(number_unsigned_t number) override {
    return number > static_cast<std::uint64_t>(max_json_integer) ? refuse("an integer is above 2^53-1") : value();
  }
  bool number_float(number_float_t, const string_t& text) override {
    return refuse("the number " + text.substr(0, 40) + " is not an integer within ±(2^53-1)");
  }
  bool string(string_t& text) override { return value() && no_nul(text); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override {
    if (!enter()) return false;
    open_objects_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (!no_nul(name)) return false;
    return open_objects_.back().insert(name).second || refuse("the key \"" + name.substr(0, 40) + "\" appears twice");
  }
  bool end_object() override {
    open_objects_.pop_back();
    return leave();
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return refuse("the outermost value must be an object");
    return enter();
  }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    // The library's text quotes the input, which may be anybody's; the place is enough.
    return refuse("no valid JSON at byte " + std::to_string(position));
  }

 private:
  bool refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }
  bool value() { return depth_ > 0 || refuse("the outermost value must be an object"); }
  bool no_nul(const std::string& text) {
    return text.find('\0') == std::string::npos || refuse("a text contains U+0000");
  }
  bool enter() { return ++depth_ <= max_depth_ || refuse("nested more than " + std::to_string(max_depth_) + " deep"); }
  bool leave() {
    --depth_;
    return true;
  }

  std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::vector<std::set<std::string>> open_objects_;
  std::string reason_;
};

}  // namespace

Result<void> check_strict_json(std::string_view text, std::size_t max_depth) {
  // RFC 8259 section 8.1 forbids writing a byte order mark; the library would skip it.
  if (text.starts_with("\xEF\xBB\xBF")) return Error{Errc::malformed, "JSON refused: it begins with a byte order mark"};
  // The library's lexer takes NUL for the end of the input, so what follows would go unseen.
  if (text.find('\0') != std::string_view::npos) return Error{Errc::malformed, "JSON refused: it contains a NUL byte"};
  StrictJsonSax sax(max_depth);
  if (!nlohmann::json::sax_parse(text, &sax)) return Error{Errc::malformed, "JSON refused: " + sax.reason()};
  return boost::outcome_v2::success();
}

}  // namespace unavoce::crypto
