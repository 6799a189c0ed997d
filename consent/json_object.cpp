#include "consent/json_object.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "crypto/strict_json.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxDepth = 3;  // an object, a list in it, and the objects of that
using Keys = std::initializer_list<std::string_view>;

Result<crypto::Digest> to_digest(const crypto::Bytes& bytes, Error otherwise) {
  crypto::Digest digest;
  if (bytes.size() != digest.size()) return otherwise;
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

/// What is wrong with an object that is to have these keys; empty if nothing is.
std::string wrong_keys(const nlohmann::json& object, Keys keys, Keys optional) {
  if (!object.is_object()) return "not a JSON object";
  std::size_t known = keys.size();
  for (const std::string_view key : keys) {
    if (!object.contains(key)) return "\"" + std::string(key) + "\" is missing";
  }
  for (const std::string_view key : optional) {
    if (object.contains(key)) ++known;
  }
  return object.size() == known ? "" : "there is a key that does not belong here";
}

}  // namespace

struct JsonObject::Value {
  std::string what;
  nlohmann::json object;
};

Result<JsonObject> JsonObject::parse(std::string_view text, std::string_view what, Keys keys, Keys optional) {
  const auto refused = [&](const std::string& why) { return Error{Errc::malformed, std::string(what) + ": " + why}; };
  if (const auto strict = crypto::check_strict_json(text, kMaxDepth); !strict) return refused(strict.error().text);
  auto value = std::make_unique<Value>();
  value->what = what;
  value->object = nlohmann::json::parse(text, nullptr, false);
  if (const auto wrong = wrong_keys(value->object, keys, optional); !wrong.empty()) return refused(wrong);
  return JsonObject(std::move(value));
}

Result<std::string> JsonObject::text(std::string_view key) const {
  const auto& field = value_->object.at(std::string(key));
  if (!field.is_string()) return malformed(key, "is not text");
  return field.get<std::string>();
}

Result<std::uint64_t> JsonObject::number(std::string_view key) const {
  const auto& field = value_->object.at(std::string(key));
  if (!field.is_number_unsigned()) return malformed(key, "is not a number from 0 on");
  return field.get<std::uint64_t>();
}

Result<crypto::Bytes> JsonObject::base64(std::string_view key) const {
  BOOST_OUTCOME_TRY(const auto spelled, text(key));
  auto bytes = crypto::from_base64(spelled);
  if (!bytes) return malformed(key, "is not base64");
  return std::move(bytes).value();
}

Result<crypto::Digest> JsonObject::base64_digest(std::string_view key) const {
  BOOST_OUTCOME_TRY(const auto bytes, base64(key));
  return to_digest(bytes, malformed(key, "is not base64 of 32 bytes"));
}

Result<crypto::Digest> JsonObject::hex_digest(std::string_view key) const {
  BOOST_OUTCOME_TRY(const auto spelled, text(key));
  const auto bytes = crypto::from_hex(spelled);
  if (!bytes) return malformed(key, "is not lower-case hex");
  return to_digest(bytes.value(), malformed(key, "is not a SHA-256"));
}

bool JsonObject::is_null(std::string_view key) const {
  return value_->object.at(std::string(key)).is_null();
}

bool JsonObject::has(std::string_view key) const {
  return value_->object.contains(key);
}

Result<std::vector<JsonObject>> JsonObject::objects(std::string_view key, Keys keys) const {
  const auto& field = value_->object.at(std::string(key));
  if (!field.is_array()) return malformed(key, "is not a list");
  std::vector<JsonObject> list;
  for (const auto& element : field) {
    if (const auto wrong = wrong_keys(element, keys, {}); !wrong.empty())
      return malformed(key, "holds something else than what it lists: " + wrong);
    auto value = std::make_unique<Value>();
    value->what = value_->what + ": \"" + std::string(key) + "\"";
    value->object = element;
    list.push_back(JsonObject(std::move(value)));
  }
  return list;
}

Error JsonObject::malformed(std::string_view key, std::string_view why) const {
  return {Errc::malformed, value_->what + ": \"" + std::string(key) + "\" " + std::string(why)};
}

JsonObject::JsonObject(std::unique_ptr<Value> value) : value_(std::move(value)) {}
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

std::string json_quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
}

}  // namespace unavoce::consent
