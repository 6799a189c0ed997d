#include "service.hpp"

#include <stdexcept>

namespace unavoce::server::test {

Headers Service::host(const std::string& user) const {
  const std::string body =
      R"({"user":")" + user + R"(","email":"x@example.org","password":")" + kPassword + R"(","invitation":null})";
  const Reply reply = fetch("POST", "/api/v1/accounts", {}, body);
  if (reply.status != 201) throw std::runtime_error("no account: " + reply.body);
  const std::string& cookie = reply.headers.at("set-cookie");
  return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

std::string json_text(const std::string& json, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const auto begin = json.find(mark);
  if (begin == std::string::npos) return {};
  const auto end = json.find('"', begin + mark.size());
  return json.substr(begin + mark.size(), end - begin - mark.size());
}

}  // namespace unavoce::server::test
