#include "crypto/strict_json.hpp"

#include <string>

#include "crypto/utf8.hpp"
#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;
using namespace std::string_literals;

namespace {
bool accepts(std::string_view text, std::size_t max_depth = 8) {
  return check_strict_json(text, max_depth).has_value();
}
}  // namespace

TEST_CASE("plain objects pass") {
  CHECK(accepts("{}"));
  CHECK(accepts(R"( {"a":1,"b":[true,false,null,"\u00e4","ä","\ud83d\ude00"],"c":{"a":-1}} )"));
  CHECK(accepts(R"({"a":{"x":1},"b":{"x":1}})"));  // the same key in different objects
}

TEST_CASE("a key may appear once, however it is spelled") {
  CHECK_FALSE(accepts(R"({"a":1,"a":1})"));
  CHECK_FALSE(accepts(R"({"a":1,"\u0061":2})"));
  CHECK_FALSE(accepts(R"({"x":{"a":1,"b":{"a":1},"a":2}})"));
  CHECK_FALSE(accepts(R"({"x":[{"":1,"":2}]})"));
}

TEST_CASE("numbers are integers that JavaScript reads exactly") {
  CHECK(accepts(R"({"n":9007199254740991})"));
  CHECK(accepts(R"({"n":-9007199254740991})"));
  for (const char* number : {"9007199254740992", "-9007199254740992", "18446744073709551616", "1.0", "1e3", "0.5",
                             "-0.0", "1E400", "01", "+1", "0x1", "NaN", "Infinity", ".5", "1."}) {
    INFO(number);
    CHECK_FALSE(accepts(R"({"n":)" + std::string(number) + "}"));
  }
}

TEST_CASE("text is valid UTF-8 without NUL and lone surrogates") {
  for (const auto& text : {"\xff"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xe2\x82"s, "\x80"s, "\n"s,
                           "\x01"s, "\\u0000"s, "\\ud800"s, "\\udc00"s, "\\ud800\\u0041"s, "\\x"s, "\0"s}) {
    CHECK_FALSE(accepts(R"({"t":")" + text + "\"}"));
    CHECK_FALSE(accepts(R"({")" + text + "\":1}"));
  }
}

TEST_CASE("the outermost value is one object and nothing follows it") {
  for (const auto& text :
       {""s, " "s, "[]"s, "1"s, "\"a\""s, "null"s, "{}{}"s, "{},"s, "{"s, "}"s, "{\"a\":1,}"s, "{'a':1}"s,
        "\xef\xbb\xbf{}"s, "{}\0"s, "{}\0{\"hidden\":1}"s, "{} // note"s, "/* note */{}"s}) {
    INFO(text);
    CHECK_FALSE(accepts(text));
  }
}

TEST_CASE("nesting ends at the given depth") {
  CHECK(accepts(R"({"a":[{}]})", 3));
  CHECK_FALSE(accepts(R"({"a":[{}]})", 2));
  CHECK(accepts("{}", 1));
  CHECK_FALSE(accepts("{}", 0));
  // Deep nesting neither passes nor exhausts the stack.
  CHECK_FALSE(accepts("{\"a\":" + std::string(1'000'000, '['), 64));
}

TEST_CASE("the reason names the place and quotes nothing of broken input") {
  const auto result = check_strict_json("{\"name\": \x01 secret", 4);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::malformed);
  CHECK(result.error().text.find("byte") != std::string::npos);
  CHECK(result.error().text.find("secret") == std::string::npos);
}

TEST_CASE("UTF-8 has one form per code point") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\u00e4\u20ac\U0001F600\U0010FFFF"));
  for (const char* text : {"\xc1\x81", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf8",
                           "\xe2\x82", "\xc3(", "\xbf"}) {
    CHECK_FALSE(is_utf8(text));
  }
}
