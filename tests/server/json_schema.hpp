// JSON Schema, the part of it that docs/openapi.json uses: small and strict enough to be believed. A keyword that is
// not known here is an error, never ignored. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace unavoce::server::test {

/// What in `value` is not as `schema` wants it, with the place; empty if all is right. `root` is the document that
/// "$ref": "#/…" points into. Throws std::logic_error when the schema itself cannot be understood.
std::string complaint(const nlohmann::json& root, const nlohmann::json& schema, const nlohmann::json& value,
                      const std::string& place = "$");

/// What `"$ref"` of an object leads to, or the object itself.
const nlohmann::json& resolve(const nlohmann::json& root, const nlohmann::json& object);

}  // namespace unavoce::server::test
