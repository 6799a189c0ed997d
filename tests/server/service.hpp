// A service that a test talks to over HTTP, wherever it runs: inside the test (RunningServer) or as a process.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "http_client.hpp"

namespace unavoce::server::test {

class Service {
 public:
  virtual ~Service() = default;
  /// Where it listens; with TLS together with the one certificate to believe.
  virtual Address address() const = 0;
  virtual const std::filesystem::path& data_folder() const = 0;

  Reply fetch(std::string_view method, std::string_view target, const Headers& headers = {},
              std::string_view body = {}) const {
    return test::fetch(address(), method, target, headers, body);
  }
  /// Makes an account and gives the Cookie header that is its log-in.
  Headers host(const std::string& user) const;
};

/// The value of a string field in flat JSON text, without a JSON library; empty when it is not there.
std::string json_text(const std::string& json, const std::string& key);

inline constexpr const char* kPassword = "a long enough password";

}  // namespace unavoce::server::test
