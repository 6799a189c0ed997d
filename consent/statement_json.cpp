#include "consent/statement_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "consent/statement_fields.hpp"
#include "consent/statement_text.hpp"
#include "crypto/strict_json.hpp"

namespace unavoce::consent {
namespace {

using Json = nlohmann::ordered_json;

/// Nested objects and lists of the deepest statement (seal → tracks → track → codecs), outermost object included.
constexpr std::size_t kMaxDepth = 4;

Error bad(std::string why) {
  return {Errc::malformed, std::move(why)};
}

// ---- one Wire per type: how it is spelled. read gets the limit of its field.

template <class T>
struct Wire;

template <class T, class Limit>
Result<T> read(const Json& json, const Limit& limit) {
  return Wire<T>::read(json, limit);
}

Result<std::string> string_in(const Json& json) {
  if (!json.is_string()) return bad("is not a text");
  return json.get<std::string>();
}

/// Types that are written as text and have parse() and a way back.
template <class T>
struct ParsedWire {
  static Result<T> read(const Json& json, AsIs) {
    BOOST_OUTCOME_TRY(const auto text, string_in(json));
    BOOST_OUTCOME_TRY(auto value, T::parse(text));
    return value;
  }
};
template <>
struct Wire<crypto::PublicKey> : ParsedWire<crypto::PublicKey> {
  static Json write(const crypto::PublicKey& key) { return key.text(); }
};
template <>
struct Wire<crypto::Recipient> : ParsedWire<crypto::Recipient> {
  static Json write(const crypto::Recipient& recipient) { return recipient.text(); }
};
template <class Tag, std::size_t Size>
struct Wire<Id<Tag, Size>> : ParsedWire<Id<Tag, Size>> {
  static Json write(const Id<Tag, Size>& id) { return id.hex(); }
};

template <>
struct Wire<crypto::Digest> {  // spelled like the id of a statement
  static Result<crypto::Digest> read(const Json& json, AsIs) {
    BOOST_OUTCOME_TRY(const auto id, Wire<StatementId>::read(json, {}));
    return id.bytes();
  }
  static Json write(const crypto::Digest& digest) { return crypto::to_hex(digest); }
};

template <>
struct Wire<std::string> {
  static Result<std::string> read(const Json& json, const Text& limit) {
    BOOST_OUTCOME_TRY(auto text, string_in(json));
    BOOST_OUTCOME_TRY(check_text(text, limit));
    return text;
  }
  static Json write(const std::string& text) { return text; }
};

template <>
struct Wire<bool> {
  static Result<bool> read(const Json& json, AsIs) {
    if (!json.is_boolean()) return bad("is neither true nor false");
    return json.get<bool>();
  }
  static Json write(bool value) { return value; }
};

template <std::integral T>
struct Wire<T> {
  static Result<T> read(const Json& json, const Between& limit) {
    if (!json.is_number_integer()) return bad("is not an integer");
    const auto value = json.get<std::int64_t>();  // check_strict_json has refused everything beyond 2^53-1
    if (value < limit.least || value > limit.most)
      return bad("is outside of " + std::to_string(limit.least) + " to " + std::to_string(limit.most));
    return static_cast<T>(value);
  }
  static Json write(T value) { return value; }
};

template <>
struct Wire<TimeMs> {
  static Result<TimeMs> read(const Json& json, AsIs) {
    BOOST_OUTCOME_TRY(const auto value, Wire<std::int64_t>::read(json, kNatural));
    return TimeMs{value};
  }
  static Json write(TimeMs time) { return time.value; }
};

template <>
struct Wire<Scope> {
  static Result<Scope> read(const Json& json, AsIs) {
    if (!json.is_array()) return bad("is not a list of kinds");
    Scope scope;
    for (const auto& item : json) {
      BOOST_OUTCOME_TRY(const auto name, string_in(item));
      const auto kind = kind_named(name);
      if (!kind) return bad("names a kind other than audio, video, screen, chat");
      if (scope.bits() >= static_cast<std::uint8_t>(*kind))
        return bad("names kinds twice or not in the order audio, video, screen, chat");
      scope = scope.with({*kind});
    }
    return scope;
  }
  static Json write(Scope scope) { return scope.names(); }
};

/// Enumerations are words; `values` lists them all.
template <class E, E... Values>
struct WordWire {
  static Result<E> read(const Json& json, AsIs) {
    BOOST_OUTCOME_TRY(const auto word, string_in(json));
    for (const E value : std::array{Values...})
      if (name_of(value) == word) return value;
    return bad("is none of the words known here");
  }
  static Json write(E value) { return name_of(value); }
};
template <>
struct Wire<Role> : WordWire<Role, Role::participant, Role::host> {};
template <>
struct Wire<RecipientRole> : WordWire<RecipientRole, RecipientRole::host, RecipientRole::escrow> {};
template <>
struct Wire<WithdrawalErases>
    : WordWire<WithdrawalErases, WithdrawalErases::own_tracks, WithdrawalErases::whole_takes> {};
template <>
struct Wire<ErasedReason> : WordWire<ErasedReason, ErasedReason::withdrawal, ErasedReason::retention,
                                     ErasedReason::room_deleted, ErasedReason::recording_deleted> {};
template <>
struct Wire<EndReason>
    : WordWire<EndReason, EndReason::stopped, EndReason::late_join, EndReason::left, EndReason::refused,
               EndReason::withdrawn, EndReason::new_approval, EndReason::expired, EndReason::host_left,
               EndReason::room_changed, EndReason::interrupted, EndReason::fault, EndReason::ended> {};

template <class T>
struct Wire<std::optional<T>> {
  template <class Limit>
  static Result<std::optional<T>> read(const Json& json, const Limit& limit) {
    if (json.is_null()) return std::optional<T>();
    BOOST_OUTCOME_TRY(auto value, Wire<T>::read(json, limit));
    return std::optional<T>(std::move(value));
  }
  static Json write(const std::optional<T>& value) { return value ? Wire<T>::write(*value) : Json(nullptr); }
};

template <class T>
struct Wire<std::vector<T>> {
  template <class Element>
  static Result<std::vector<T>> read(const Json& json, const Many<Element>& limit) {
    if (!json.is_array()) return bad("is not a list");
    if (json.size() < limit.least || json.size() > limit.most)
      return bad("has " + std::to_string(json.size()) + " elements, allowed are " + std::to_string(limit.least) +
                 " to " + std::to_string(limit.most));
    std::vector<T> values;
    for (const auto& item : json) {
      BOOST_OUTCOME_TRY(auto value, Wire<T>::read(item, limit.element));
      values.push_back(std::move(value));
    }
    return values;
  }
  static Json write(const std::vector<T>& values) {
    Json list = Json::array();
    for (const auto& value : values) list.push_back(Wire<T>::write(value));
    return list;
  }
};

// ---- objects, by their description

template <class S, class Member, class Limit>
std::optional<Member> take_field(const Json& object, const Field<S, Member, Limit>& field,
                                 std::optional<Error>& failure) {
  const auto found = object.find(field.name);
  if (found == object.end()) {
    if (!failure) failure = bad(std::string(field.name) + " is missing");
    return std::nullopt;
  }
  auto value = Wire<Member>::read(*found, field.limit);
  if (value) return std::move(value).value();
  if (!failure) failure = Error{value.error().code, std::string(field.name) + ": " + value.error().text};
  return std::nullopt;
}

template <IsDescribed S>
struct Wire<S> {
  static Result<S> read(const Json& json, AsIs) {
    if (!json.is_object()) return bad("is not an object");
    return std::apply([&](const auto&... field) { return read_fields(json, field...); }, Described<S>::kFields);
  }

  template <class... Fields>
  static Result<S> read_fields(const Json& json, const Fields&... field) {
    std::optional<Error> failure;
    std::tuple values{take_field(json, field, failure)...};  // braces: in order
    if (failure) return *failure;
    // Every field was there and no key is there twice, so any further key makes the object larger.
    if (json.size() != sizeof...(field)) return bad("there are keys that this kind of statement does not have");
    return std::apply([](auto&&... value) { return S{std::move(*value)...}; }, std::move(values));
  }

  static Json write(const S& body) {
    Json object = Json::object();
    std::apply(
        [&](const auto&... field) { ((object[std::string(field.name)] = write_member(body.*field.member)), ...); },
        Described<S>::kFields);
    return object;
  }

  template <class Member>
  static Json write_member(const Member& member) {
    return Wire<Member>::write(member);
  }
};

}  // namespace

template <class S>
Result<S> read_body(crypto::ByteView bytes) {
  const auto text = crypto::as_text(bytes);
  BOOST_OUTCOME_TRY(crypto::check_strict_json(text, kMaxDepth));
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return bad("the body is not JSON");
  auto body = Wire<S>::read(json, {});
  if (!body) return Error(body.error().code, std::string(Described<S>::kKind) + ": " + body.error().text);
  return body;
}

template <class S>
std::string write_body(const S& body) {
  return Wire<S>::write(body).dump();
}

#define UNAVOCE_BODY(S)                              \
  template Result<S> read_body<S>(crypto::ByteView); \
  template std::string write_body<S>(const S&)
UNAVOCE_BODY(Room);
UNAVOCE_BODY(Request);
UNAVOCE_BODY(Approval);
UNAVOCE_BODY(Refusal);
UNAVOCE_BODY(Confirmation);
UNAVOCE_BODY(Withdrawal);
UNAVOCE_BODY(Take);
UNAVOCE_BODY(Track);
UNAVOCE_BODY(Seal);
UNAVOCE_BODY(Erased);
#undef UNAVOCE_BODY

}  // namespace unavoce::consent
