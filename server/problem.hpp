#pragma once
// RFC 9457 problem documents: every error of the API leaves the server in this form. Pure functions.

#include "server/http.hpp"

namespace unavoce::server {

/// The HTTP status that belongs to an error code.
unsigned http_status(Errc code) noexcept;

/// The members of the document as JSON text: type, title, status, detail, code. Also used inside WebSocket `problem`
/// messages.
std::string problem_json(const Error& error);

/// The answer to send: `application/problem+json`, and the headers the status demands (WWW-Authenticate, Retry-After).
Response problem_response(const Error& error);

}  // namespace unavoce::server
