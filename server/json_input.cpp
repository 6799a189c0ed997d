#include "server/json_input.hpp"

#include <algorithm>

namespace unavoce::server {
namespace {

/// Bounds the nesting: nlohmann's parser keeps a stack, and nothing of ours is deep.
constexpr int kMaxDepth = 16;

}  // namespace

Result<JsonInput> JsonInput::parse(std::string_view text, std::initializer_list<std::string_view> allowed) {
  bool too_deep = false;
  const auto watch = [&too_deep](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) too_deep = true;
    return !too_deep;
  };
  Json object = Json::parse(text, watch, false);
  if (too_deep || object.is_discarded() || !object.is_object()) {
    return Error(Errc::malformed, "the body must be one JSON object in UTF-8");
  }
  for (const auto& [key, ignored] : object.items()) {
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
      return Error(Errc::malformed, "the JSON object has a field that is unknown here");
    }
  }
  return JsonInput(std::move(object));
}

Result<std::string> JsonInput::text(std::string_view key, std::size_t max_bytes) const {
  BOOST_OUTCOME_TRY(auto found, optional_text(key, max_bytes));
  if (!found) return Error(Errc::malformed, "the field '" + std::string(key) + "' is missing");
  return std::move(*found);
}

Result<std::optional<std::string>> JsonInput::optional_text(std::string_view key, std::size_t max_bytes) const {
  const auto it = object_.find(key);
  if (it == object_.end() || it->is_null()) return std::optional<std::string>();
  const auto* text = it->get_ptr<const std::string*>();
  if (text == nullptr) return Error(Errc::malformed, "the field '" + std::string(key) + "' must be a text");
  if (text->size() > max_bytes) {
    return Error(Errc::malformed,
                 "the field '" + std::string(key) + "' is longer than " + std::to_string(max_bytes) + " bytes");
  }
  return std::optional<std::string>(*text);
}

Result<Json> JsonInput::value(std::string_view key) const {
  const auto it = object_.find(key);
  if (it == object_.end()) return Error(Errc::malformed, "the field '" + std::string(key) + "' is missing");
  return *it;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Response json_response(unsigned status, const Json& value) {
  return text_response(status, "application/json", dump(value)).with("Cache-Control", "no-store");
}

}  // namespace unavoce::server
