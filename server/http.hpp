#pragma once
// Plain HTTP requests and responses: all that handlers, tests and fuzzers see of HTTP. Boost.Beast stays behind
// http_listener.hpp. Values without threads of their own; a Response is moved from its handler to the session that
// writes it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/error.hpp"

namespace unavoce::server {

enum class Method { get, head, post, put, remove, patch, options, other };

/// "GET", "DELETE" …; "OTHER" for anything we do not serve.
std::string_view method_name(Method method) noexcept;

/// How the request reached us; decides about cookies' Secure flag and HSTS.
enum class Transport { plain, tls };

struct Request {
  Method method = Method::get;
  std::string path;                            // percent-decoded, starts with '/'
  std::string query;                           // raw, without '?'
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string remote_address;  // text of the peer's IP; shorten (log.hpp) before it goes anywhere
  Transport transport = Transport::plain;

  /// Value of a header (name in lower case), or an empty view.
  std::string_view header(std::string_view name) const;
  /// Value of a cookie, or an empty view.
  std::string_view cookie(std::string_view name) const;
  /// The token of `Authorization: Bearer …`, or an empty view.
  std::string_view bearer() const;
  /// Value of a query parameter (percent-decoded), or nothing.
  std::optional<std::string> query_value(std::string_view name) const;
  /// Whether the body is said to be of this media type (in lower case). Media types are compared without regard to
  /// case, their parameters not at all (RFC 9110 section 8.3.1).
  bool is_of_type(std::string_view media_type) const;
};

/// A body that is produced piece by piece. `read` may block (disk) and is called on the worker pool, never twice at
/// once.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Total size in bytes if it is known beforehand; without it the body is sent chunked.
  virtual std::optional<std::uint64_t> size_bytes() const = 0;
  /// Fills `out` with the next bytes; 0 means the end. An error of the first piece is answered as a problem; a later
  /// one aborts the connection, so that nobody takes half a body for a whole one.
  virtual Result<std::size_t> read(std::span<std::uint8_t> out) = 0;
};

struct Response {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::unique_ptr<BodySource> source;  // instead of `body`

  /// Appends a header and returns this, for building answers in one expression.
  Response& with(std::string name, std::string value) &;
  Response with(std::string name, std::string value) &&;
};

/// An answer without a body.
Response empty_response(unsigned status);
/// An answer with a body of the given type.
Response text_response(unsigned status, std::string content_type, std::string body);

/// Decodes %XX once. Malformed escapes and NUL are errors (they only occur in attacks).
Result<std::string> percent_decode(std::string_view text);

/// `first`..`last` inclusive, inside a body of the size given to parse_range.
struct ByteRange {
  std::uint64_t first;
  std::uint64_t last;
};

/// Reads a `Range` header (RFC 9110 section 14.2) for a body of `size` bytes. Nothing: serve the whole body (no header,
/// several ranges, other units). An error: 416.
Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size);

/// Whether an `If-Match` header (RFC 9110 section 13.1.1) lets pass what has this entity tag (with its quotes): it is
/// `*` or a list in which the tag stands. Weak tags match nothing.
bool entity_tag_matches(std::string_view if_match, std::string_view tag);

}  // namespace unavoce::server
