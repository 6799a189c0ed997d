#include "json_schema.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <stdexcept>

#include "crypto/bytes.hpp"

namespace unavoce::server::test {
namespace {

using Json = nlohmann::json;

/// What a keyword's check gets.
struct Subject {
  const Json& root;
  const Json& schema;
  const Json& keyword;  // the keyword's own value
  const Json& value;
  const std::string& place;
};

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  throw std::logic_error("schema: the type '" + type + "' is not known here");
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string type(const Subject& s) {
  const auto fits = [&](const Json& name) { return is_of_type(s.value, name); };
  const bool right = s.keyword.is_array() ? std::ranges::any_of(s.keyword, fits) : fits(s.keyword);
  return right ? "" : s.place + " is not of type " + s.keyword.dump();
}

std::string one_of(const Subject& s) {
  const auto fitting = std::ranges::count_if(
      s.keyword, [&](const Json& choice) { return complaint(s.root, choice, s.value, s.place).empty(); });
  return fitting == 1 ? "" : s.place + " fits " + std::to_string(fitting) + " of the choices instead of one";
}

std::string properties(const Subject& s) {
  if (!s.value.is_object()) return {};
  for (const auto& [name, field] : s.value.items()) {
    const auto known = s.keyword.find(name);
    if (known == s.keyword.end()) continue;
    if (auto wrong = complaint(s.root, *known, field, s.place + "." + name); !wrong.empty()) return wrong;
  }
  return {};
}

std::string additional_properties(const Subject& s) {
  if (s.keyword != false) throw std::logic_error("schema: additionalProperties can only be false here");
  if (!s.value.is_object()) return {};
  for (const auto& [name, field] : s.value.items()) {
    if (!s.schema.at("properties").contains(name))
      return s.place + " has a field '" + name + "' that is documented nowhere";
  }
  return {};
}

std::string required(const Subject& s) {
  if (!s.value.is_object()) return {};
  for (const std::string name : s.keyword) {
    if (!s.value.contains(name)) return s.place + " lacks the field '" + name + "'";
  }
  return {};
}

std::string items(const Subject& s) {
  if (!s.value.is_array()) return {};
  for (std::size_t i = 0; i < s.value.size(); ++i) {
    auto wrong = complaint(s.root, s.keyword, s.value[i], s.place + "[" + std::to_string(i) + "]");
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string pattern(const Subject& s) {
  if (!s.value.is_string()) return {};
  const std::string text = s.value;
  constexpr std::size_t longest = 1000;  // std::regex recurses for each character
  const bool fits = text.size() <= longest && std::regex_search(text, std::regex(s.keyword.get<std::string>()));
  return fits ? "" : s.place + " does not match " + s.keyword.dump() + ": " + text.substr(0, 100);
}

std::string encoding(const Subject& s) {
  if (s.keyword != "base64") throw std::logic_error("schema: only base64 is known here");
  if (!s.value.is_string() || crypto::from_base64(s.value.get<std::string>())) return {};
  return s.place + " is not base64";
}

std::string unless(bool right, const Subject& s, const char* what) {
  return right ? std::string() : s.place + " is " + what + " " + s.keyword.dump();
}

std::string nothing(const Subject&) {
  return {};
}

using Check = std::function<std::string(const Subject&)>;

const std::map<std::string, Check>& keywords() {
  static const std::map<std::string, Check> table = {
      {"description", nothing},
      {"$ref", [](const Subject& s) { return complaint(s.root, resolve(s.root, s.schema), s.value, s.place); }},
      {"type", type},
      {"const", [](const Subject& s) { return unless(s.value == s.keyword, s, "not"); }},
      {"enum", [](const Subject& s) { return unless(std::ranges::count(s.keyword, s.value) > 0, s, "none of"); }},
      {"oneOf", one_of},
      {"properties", properties},
      {"additionalProperties", additional_properties},
      {"required", required},
      {"items", items},
      {"minItems",
       [](const Subject& s) { return unless(!s.value.is_array() || s.value.size() >= s.keyword, s, "shorter than"); }},
      {"maxItems",
       [](const Subject& s) { return unless(!s.value.is_array() || s.value.size() <= s.keyword, s, "longer than"); }},
      {"minLength",
       [](const Subject& s) {
         return unless(!s.value.is_string() || characters(s.value) >= s.keyword, s, "shorter than");
       }},
      {"maxLength",
       [](const Subject& s) {
         return unless(!s.value.is_string() || characters(s.value) <= s.keyword, s, "longer than");
       }},
      {"minimum",
       [](const Subject& s) { return unless(!s.value.is_number() || s.value >= s.keyword, s, "less than"); }},
      {"maximum",
       [](const Subject& s) { return unless(!s.value.is_number() || s.value <= s.keyword, s, "more than"); }},
      {"pattern", pattern},
      {"contentEncoding", encoding},
  };
  return table;
}

}  // namespace

const Json& resolve(const Json& root, const Json& object) {
  const auto reference = object.find("$ref");
  if (reference == object.end()) return object;
  return resolve(root, root.at(Json::json_pointer(reference->get<std::string>().substr(1))));
}

std::string complaint(const Json& root, const Json& schema, const Json& value, const std::string& place) {
  for (const auto& [name, keyword] : schema.items()) {
    const auto check = keywords().find(name);
    if (check == keywords().end()) throw std::logic_error("schema: the keyword '" + name + "' is not known here");
    if (auto wrong = check->second({root, schema, keyword, value, place}); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace unavoce::server::test
