#pragma once
// Beast's requests as plain values. Owner: none. Thread: any.

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "server/http.hpp"

namespace unavoce::server {

/// Fills a request with method, path, query and header lines, not with the body. False: the target cannot be
/// understood.
bool convert_request(const boost::beast::http::request<boost::beast::http::string_body>& from, Request& to);

}  // namespace unavoce::server
