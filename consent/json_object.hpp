// One strict JSON object with known keys, for the small files around statements: entries, entry files, receipts.
// Private to consent/. Value; any thread. Errors: malformed, saying in what and at which key. Statements themselves are
// read by statements.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/error.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"

namespace unavoce::consent {

class JsonObject {
 public:
  /// Reads an object that has exactly these keys, and perhaps some of `optional`. `what` is how errors call it.
  static Result<JsonObject> parse(std::string_view text, std::string_view what,
                                  std::initializer_list<std::string_view> keys,
                                  std::initializer_list<std::string_view> optional = {});
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;
  ~JsonObject();

  Result<std::string> text(std::string_view key) const;
  /// A non-negative integer.
  Result<std::uint64_t> number(std::string_view key) const;
  /// Standard base64.
  Result<crypto::Bytes> base64(std::string_view key) const;
  /// Standard base64 of exactly 32 bytes.
  Result<crypto::Digest> base64_digest(std::string_view key) const;
  /// 64 lower-case hex digits.
  Result<crypto::Digest> hex_digest(std::string_view key) const;
  bool is_null(std::string_view key) const;
  /// Whether an optional key is there.
  bool has(std::string_view key) const;
  /// A list of objects that have exactly these keys.
  Result<std::vector<JsonObject>> objects(std::string_view key, std::initializer_list<std::string_view> keys) const;

 private:
  struct Value;
  explicit JsonObject(std::unique_ptr<Value> value);
  Error malformed(std::string_view key, std::string_view why) const;
  std::unique_ptr<Value> value_;
};

/// `text` as a JSON string, with quotes. Text that is not UTF-8 loses the broken bytes.
std::string json_quoted(std::string_view text);

}  // namespace unavoce::consent
