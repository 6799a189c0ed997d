#pragma once
// docs/openapi.json, built into the program, so that an installed service describes exactly what it speaks. Immutable;
// any thread.

#include <string_view>

namespace unavoce::server {

/// The OpenAPI 3.1 document, as JSON text.
std::string_view api_document() noexcept;

}  // namespace unavoce::server
