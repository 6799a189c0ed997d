// docs/openapi.json and the program say the same. The fields are held against it in every other test of the server, by
// http_client.cpp; here the routes, their limits and the words of problems.

#include "server/api_document.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "api_contract.hpp"
#include "json_schema.hpp"
#include "running_server.hpp"
#include "server/problem.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
using Json = nlohmann::json;

namespace {

const Json& document() {
  static const Json parsed = Json::parse(api_document());
  return parsed;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// "get /api/v1/…" of everything documented.
std::set<std::string> documented() {
  std::set<std::string> names;
  for (const auto& [path, item] : document().at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method != "parameters") names.insert(method + " " + path);
    }
  }
  return names;
}

/// The arguments of a call, as source text, from behind its '(' on.
std::vector<std::string> arguments_of(std::string_view source) {
  std::vector<std::string> arguments(1);
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (c == '"' && (i == 0 || source[i - 1] != '\\')) in_text = !in_text;
    if (!in_text && c == '(') ++depth;
    if (!in_text && c == ')' && depth-- == 0) break;
    if (!in_text && c == ',' && depth == 0) {
      arguments.emplace_back();
    } else if (in_text || (c != ' ' && c != '\n')) {
      arguments.back().push_back(c);
    }
  }
  return arguments;
}

/// Every word of `Error(Errc::…, "…", "word")` and every default word in the sources.
std::set<std::string> words_in_the_sources() {
  std::set<std::string> words;
  for (const auto& file : std::filesystem::directory_iterator(UNAVOCE_SOURCE_DIR "/server")) {
    if (file.path().extension() != ".cpp") continue;
    std::ifstream stream(file.path());
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    for (auto at = text.find("Errc::"); at != std::string::npos; at = text.find("Errc::", at + 1)) {
      const auto before = text.find_last_not_of(" \n", at - 1);
      if (before == std::string::npos || text[before] != '(') continue;
      const auto arguments = arguments_of(std::string_view(text).substr(at));
      if (arguments.size() == 3 && arguments[2].starts_with('"'))
        words.insert(arguments[2].substr(1, arguments[2].size() - 2));
    }
  }
  for (int code = 0; code <= static_cast<int>(Errc::io); ++code) {
    words.emplace(default_word(static_cast<Errc>(code)));
  }
  for (int code = 0; code <= static_cast<int>(unavoce::consent::Errc::damaged); ++code) {
    words.emplace(unavoce::consent::name_of(static_cast<unavoce::consent::Errc>(code)));
  }
  return words;
}

/// Calls `look` with every schema of the document, those inside of others included.
void for_each_schema(const Json& part, bool is_schema, const std::function<void(const Json&)>& look) {
  if (is_schema) look(part);
  if (!part.is_structured()) return;
  for (const auto& [name, inner] : part.items()) {
    const bool named = is_schema && (name == "properties");
    if (named || (!is_schema && name == "schemas")) {
      for (const auto& [ignored, schema] : inner.items()) for_each_schema(schema, true, look);
    } else if (is_schema && name == "oneOf") {
      for (const Json& choice : inner) for_each_schema(choice, true, look);
    } else if (is_schema) {
      if (name == "items") for_each_schema(inner, true, look);
    } else {
      for_each_schema(inner, name == "schema", look);
    }
  }
}

}  // namespace

TEST_CASE("every route is documented, and every documented route is there", "[openapi]") {
  std::set<std::string> registered;
  for (const Endpoint& endpoint : endpoints_of_a_new_service())
    registered.insert(lower(endpoint.method) + " " + endpoint.pattern);
  CHECK(registered == documented());
}

TEST_CASE("who may call a route, and how much they may send, are documented as they are", "[openapi]") {
  const Json hosts_only = {{{"hostCookie", Json::array()}}, {{"hostBearer", Json::array()}}};
  for (const Endpoint& endpoint : endpoints_of_a_new_service()) {
    CAPTURE(endpoint.method, endpoint.pattern);
    const Json& operation = document().at("paths").at(endpoint.pattern).at(lower(endpoint.method));
    CHECK((operation.at("security") == hosts_only) == (endpoint.who == Endpoint::For::host));
    CHECK(operation.value("x-body-limit-bytes", std::uint64_t{0}) == endpoint.body_limit_bytes);
  }
}

TEST_CASE("every word of a problem is documented, with the status that belongs to it", "[openapi]") {
  std::set<std::string> listed;
  for (const auto& [word, problem] : document().at("x-problems").items()) listed.insert(word);
  CHECK(words_in_the_sources() == listed);
  for (int code = 0; code <= static_cast<int>(Errc::io); ++code) {
    const auto errc = static_cast<Errc>(code);
    CHECK(document().at("x-problems").at(std::string(default_word(errc))).at("status") == http_status(errc));
  }
}

TEST_CASE("the service tells what it speaks, and which version", "[openapi]") {
  const RunningServer server;
  const Reply reply = server.fetch("GET", "/api/v1/openapi.json");
  CHECK(reply.status == 200);
  CHECK(Json::parse(reply.body) == Json::parse(std::ifstream(UNAVOCE_SOURCE_DIR "/docs/openapi.json")));
  CHECK(document().at("openapi") == "3.1.0");
  CHECK(document().at("info").at("version") == UNAVOCE_VERSION);
}

TEST_CASE("every schema is one that is checked to its last word, and no object takes more fields", "[openapi]") {
  std::size_t objects = 0;
  for_each_schema(document(), false, [&](const Json& schema) {
    CAPTURE(schema.dump());
    for (const Json& sample : {Json(nullptr), Json(1), Json("x"), Json::array(), Json::object()}) {
      CHECK_NOTHROW(complaint(document(), schema, sample));
    }
    if (schema.value("type", Json()) != "object" || schema.value("description", "") == "OpenAPI 3.1.") return;
    ++objects;
    CHECK(schema.value("additionalProperties", true) == false);
  });
  CHECK(objects > 30);
}

TEST_CASE("every operation has a name of its own, and all that is referred to exists", "[openapi]") {
  std::set<std::string> names;
  for (const auto& [path, item] : document().at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method != "parameters") CHECK(names.insert(operation.at("operationId")).second);
    }
  }
  const Json flat = document().flatten();
  std::set<std::string> used;
  for (const auto& [place, value] : flat.items()) {
    if (!place.ends_with("/$ref")) continue;
    used.insert(value);
    CHECK_NOTHROW(document().at(Json::json_pointer(value.get<std::string>().substr(1))));
  }
  for (const char* part : {"schemas", "responses", "parameters", "requestBodies"}) {
    for (const auto& [name, thing] : document().at("components").at(part).items()) {
      CHECK(used.contains(std::string("#/components/") + part + "/" + name));
    }
  }
}

TEST_CASE("the contract notices what it is there for", "[openapi]") {
  const Asked health{"GET", "/api/v1/health", {}};
  Reply reply{200, {{"content-type", "application/json"}}, R"({"status":"ok"})"};
  CHECK(breach_of_contract(health, reply).empty());
  const auto breaks = [&](const Asked& asked, const char* why, auto change) {
    Reply other = reply;
    change(other);
    CHECK_THAT(breach_of_contract(asked, other), Catch::Contains(why));
  };
  breaks(health, "field 'more'", [](Reply& r) { r.body = R"({"status":"ok","more":1})"; });
  breaks(health, "lacks the field", [](Reply& r) { r.body = "{}"; });
  breaks(health, "is none of [\"ok\"", [](Reply& r) { r.body = R"({"status":"well"})"; });
  breaks(health, "the status", [](Reply& r) { r.status = 418; });
  breaks(health, "content type", [](Reply& r) { r.headers["content-type"] = "text/plain"; });
  breaks({"GET", "/api/v1/secret", {}}, "nowhere", [](Reply&) {});
  breaks({"GET", "/api/v1/health", "{}"}, "a body was accepted", [](Reply&) {});
  breaks(health, "the problem 'strange'", [](Reply& r) {
    r = {400,
         {{"content-type", "application/problem+json"}},
         R"({"type":"urn:unavoce:problem:strange","title":"x","status":400,"detail":"x","code":"strange"})"};
  });
  breaks({"POST", "/api/v1/login", R"({"user":"ada","password":"0123456789","admin":true})"}, "field 'admin'",
         [](Reply& r) {
           r = {200, {{"content-type", "application/json"}, {"set-cookie", "x"}}, R"({"user":"ada"})"};
         });
  CHECK_THAT(breach_of_contract(Sender::server, R"({"type":"pong","late":true})"), Catch::Contains("field 'late'"));
  CHECK_THAT(breach_of_contract(Sender::server, R"({"type":"gossip"})"), Catch::Contains("nowhere"));
  CHECK_THAT(breach_of_contract(Sender::client, R"({"type":"ping","x":1})"), Catch::Contains("field 'x'"));
}
