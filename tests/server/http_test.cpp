#include "server/http.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::server;

TEST_CASE("an address is decoded once, and broken escapes are refused", "[http]") {
  CHECK(percent_decode("/r/a%20b").value() == "/r/a b");
  CHECK(percent_decode("%252e").value() == "%2e");
  for (const char* broken : {"%", "%1", "%zz", "a%0", "%00", "x%0g"}) CHECK_FALSE(percent_decode(broken));
}

TEST_CASE("a range is read as RFC 9110 says", "[http]") {
  auto range = [](const char* header) { return parse_range(header, 100).value(); };
  CHECK(range("bytes=0-9")->last == 9);
  CHECK(range("bytes=90-")->first == 90);
  CHECK(range("bytes=90-")->last == 99);
  CHECK(range("bytes=-10")->first == 90);
  CHECK(range("bytes=-500")->first == 0);
  CHECK(range("bytes=50-500")->last == 99);
}

TEST_CASE("a range that makes no sense is ignored, one outside of the file is refused", "[http]") {
  for (const char* ignored : {"", "bytes", "bytes=", "bytes=a-b", "bytes=9-5", "bytes=0-1,5-6", "lines=0-1",
                              "bytes=--5", "bytes=99999999999999999999-"}) {
    CAPTURE(ignored);
    CHECK_FALSE(parse_range(ignored, 100).value().has_value());
  }
  CHECK_FALSE(parse_range("bytes=100-", 100));
  CHECK_FALSE(parse_range("bytes=-0", 100));
  CHECK_FALSE(parse_range("bytes=0-", 0));
}

TEST_CASE("a cookie is found by its whole name", "[http]") {
  Request request;
  request.headers["cookie"] = "xunavoce=1; unavoce=2;unavoce_session=abc=; other=3";
  CHECK(request.cookie("unavoce_session") == "abc=");
  CHECK(request.cookie("unavoce") == "2");
  CHECK(request.cookie("session").empty());
}

TEST_CASE("a bearer token is found whatever the case of its scheme, and nothing else is one", "[http]") {
  Request request;
  request.headers["authorization"] = "bEaReR abc";
  CHECK(request.bearer() == "abc");
  request.headers["authorization"] = "Basic abc";
  CHECK(request.bearer().empty());
  request.headers["authorization"] = "Bearer";
  CHECK(request.bearer().empty());
}

TEST_CASE("a query value is found by name and decoded", "[http]") {
  Request request;
  request.query = "a=1&kind=scr%65en&flag";
  CHECK(request.query_value("kind") == "screen");
  CHECK(request.query_value("flag") == "");
  CHECK_FALSE(request.query_value("kin").has_value());
}

TEST_CASE("a media type is compared without regard to case, and without its parameters", "[http]") {
  Request request;
  CHECK_FALSE(request.is_of_type("application/sdp"));
  for (const char* same :
       {"application/sdp", "Application/SDP", "application/sdp ; charset=utf-8", "application/sdp;"}) {
    CAPTURE(same);
    request.headers["content-type"] = same;
    CHECK(request.is_of_type("application/sdp"));
  }
  for (const char* other : {"", ";", "application/sdpx", "application/sd", "text/plain; application/sdp"}) {
    CAPTURE(other);
    request.headers["content-type"] = other;
    CHECK_FALSE(request.is_of_type("application/sdp"));
  }
}

TEST_CASE("If-Match lets pass what it lists, and nothing weak", "[http]") {
  for (const char* passes : {"*", "\"*\"", "\"a\"", " \"b\" ,\t\"a\"", "\"b\",,\"a\","}) {
    CAPTURE(passes);
    CHECK(entity_tag_matches(passes, "\"a\""));
  }
  for (const char* stops : {"", ",", "a", "\"A\"", "W/\"a\"", "\"a", "\"a\" \"a\"", "\"ab\""}) {
    CAPTURE(stops);
    CHECK_FALSE(entity_tag_matches(stops, "\"a\""));
  }
}
