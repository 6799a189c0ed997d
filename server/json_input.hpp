#pragma once
// Reads the JSON objects that clients send: bodies of the API and WebSocket messages. Strict: one object, the fields
// that were asked for and no others, right types, bounded. Private to the .cpp files that use it (it brings
// nlohmann/json). Pure; errors are Errc::malformed.

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/error.hpp"
#include "server/http.hpp"

namespace unavoce::server {

using Json = nlohmann::json;

class JsonInput {
 public:
  /// An object whose keys are all among `allowed`.
  static Result<JsonInput> parse(std::string_view text, std::initializer_list<std::string_view> allowed);

  /// A string field; missing, of another type or longer is an error.
  Result<std::string> text(std::string_view key, std::size_t max_bytes) const;
  /// The same; missing or null is nothing.
  Result<std::optional<std::string>> optional_text(std::string_view key, std::size_t max_bytes) const;
  /// Any value, as it came; missing is an error.
  Result<Json> value(std::string_view key) const;

 private:
  explicit JsonInput(Json object) : object_(std::move(object)) {}
  Json object_;
};

/// An answer with a JSON body.
Response json_response(unsigned status, const Json& value);

/// JSON text that never throws: bytes that are no UTF-8 are replaced.
std::string dump(const Json& value);

}  // namespace unavoce::server
