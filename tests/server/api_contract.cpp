#include "api_contract.hpp"

#include <fstream>
#include <optional>

#include "json_schema.hpp"

namespace unavoce::server::test {
namespace {

using Json = nlohmann::json;

const Json& document() {
  static const Json parsed = Json::parse(std::ifstream(UNAVOCE_SOURCE_DIR "/docs/openapi.json"));
  return parsed;
}

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the '/'
    out.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(out.back().size(), path.size()));
  }
  return out;
}

bool fits(const std::string& pattern, std::string_view path) {
  const auto wanted = segments(pattern);
  const auto given = segments(path);
  const bool takes_rest = wanted.back().starts_with("{+");
  if (takes_rest ? given.size() < wanted.size() : given.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].starts_with('{') && wanted[i] != given[i]) return false;
  }
  return true;
}

/// The documented path that a target is an instance of; null if there is none.
const Json* path_item(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  for (const auto& [pattern, item] : document().at("paths").items()) {
    if (fits(pattern, path)) return &item;
  }
  return nullptr;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string header_of(const Reply& reply, const std::string& name) {
  const auto found = reply.headers.find(lower(name));
  return found == reply.headers.end() ? std::string() : found->second;
}

/// Beyond its schema: type, code and status of a problem belong together, and the word is listed.
std::string breach_in_problem(const Json& problem, unsigned status) {
  const std::string word = problem.at("code");
  const auto listed = document().at("x-problems").find(word);
  if (listed == document().at("x-problems").end()) return "the problem '" + word + "' is documented nowhere";
  if (listed->at("status") != status || problem.at("status") != status) {
    return "the problem '" + word + "' came with status " + std::to_string(status) + ", documented is " +
           listed->at("status").dump();
  }
  if (problem.at("type") != "urn:unavoce:problem:" + word) return "type and code of a problem differ";
  return {};
}

std::string breach_in_json(const Json& schema, const std::string& text, unsigned status) {
  const Json body = Json::parse(text, nullptr, false);
  if (body.is_discarded()) return "the body is no JSON";
  if (auto wrong = complaint(document(), schema, body); !wrong.empty()) return wrong;
  return status >= 400 ? breach_in_problem(body, status) : std::string();
}

std::string breach_in_headers(const Json& response, const Reply& reply) {
  if (!response.contains("headers")) return {};
  for (const auto& [name, header] : response.at("headers").items()) {
    const std::string value = header_of(reply, name);
    if (value.empty() && header.at("required") == true) return "the header " + name + " is missing";
    if (value.empty()) continue;
    if (auto wrong = complaint(document(), header.at("schema"), value, name); !wrong.empty()) return wrong;
  }
  return {};
}

std::string breach_in_answer(const Json& response, const Asked& asked, const Reply& reply) {
  if (auto wrong = breach_in_headers(response, reply); !wrong.empty()) return wrong;
  if (asked.method == "HEAD") return {};
  if (!response.contains("content")) return reply.body.empty() ? "" : "there is a body where none is documented";
  const std::string type = header_of(reply, "content-type");
  const auto media = response.at("content").find(type);
  if (media == response.at("content").end()) return "the content type '" + type + "' is documented nowhere";
  if (!media->contains("schema") || type.find("json") == std::string::npos) return {};
  return breach_in_json(media->at("schema"), reply.body, reply.status);
}

/// A request that was accepted must be one that is documented.
std::string breach_in_request(const Json& operation, const Asked& asked) {
  if (!operation.contains("requestBody")) {
    return asked.body.empty() ? "" : "a body was accepted where none is documented";
  }
  const Json& wanted = resolve(document(), operation.at("requestBody"));
  if (asked.body.empty()) return wanted.value("required", false) ? "a missing body was accepted" : "";
  const auto media = wanted.at("content").find("application/json");
  if (media == wanted.at("content").end()) return {};
  return breach_in_json(media->at("schema"), std::string(asked.body), 0);
}

/// What is said about addresses and methods that are not served: a problem of the usual form.
std::string breach_in_refusal(const Asked& asked, const Reply& reply) {
  if (reply.status < 400) return "this address and method are documented nowhere";
  static const Json anywhere = {{"$ref", "#/components/responses/Problem"}};
  return breach_in_answer(resolve(document(), anywhere), asked, reply);
}

std::string breach(const Asked& asked, const Reply& reply) {
  const bool is_api =
      asked.target.starts_with("/api") || asked.target.starts_with("/whip") || asked.target.starts_with("/ledger");
  const bool is_problem = header_of(reply, "content-type") == "application/problem+json";
  if (!is_api) return is_problem ? breach_in_refusal(asked, reply) : "";  // pages
  const Json* item = path_item(asked.target);
  const std::string method = asked.method == "HEAD" ? "get" : lower(asked.method);
  if (item == nullptr || !item->contains(method)) return breach_in_refusal(asked, reply);
  const Json& operation = item->at(method);
  // A handshake without an Upgrade is a request for an address that is none.
  if (operation.contains("x-messages") && asked.as == Asked::As::request) return breach_in_refusal(asked, reply);
  const auto response = operation.at("responses").find(std::to_string(reply.status));
  if (response == operation.at("responses").end()) return "the status is documented nowhere";
  if (auto wrong = breach_in_answer(resolve(document(), *response), asked, reply); !wrong.empty()) return wrong;
  return reply.status < 300 ? breach_in_request(operation, asked) : std::string();
}

}  // namespace

std::string breach_of_contract(const Asked& asked, const Reply& reply) {
  const std::string wrong = breach(asked, reply);
  if (wrong.empty()) return {};
  return "not as docs/openapi.json has it: " + std::string(asked.method) + " " + std::string(asked.target) +
         " answered " + std::to_string(reply.status) + ": " + wrong + "\n" + reply.body.substr(0, 2000);
}

std::string breach_of_contract(Sender sender, std::string_view message) {
  const Json json = Json::parse(message, nullptr, false);
  const bool is_message = json.is_object() && json.contains("type") && json.at("type").is_string();
  if (!is_message) return sender == Sender::client ? "" : "the service sent something that is no message";
  const Json& socket = document().at("paths").at("/api/v1/rooms/{room}/ws").at("get").at("x-messages");
  const Json& known = socket.at(sender == Sender::client ? "client" : "server");
  const auto schema = known.find(json.at("type").get<std::string>());
  std::string wrong = schema == known.end() ? "its type is documented nowhere" : complaint(document(), *schema, json);
  if (wrong.empty() && json.contains("problem")) {
    wrong = breach_in_problem(json.at("problem"), json.at("problem").at("status").get<unsigned>());
  }
  if (wrong.empty()) return {};
  return "a message is not as docs/openapi.json has it: " + wrong + "\n" + std::string(message.substr(0, 2000));
}

}  // namespace unavoce::server::test
