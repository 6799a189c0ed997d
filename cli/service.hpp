// A service as the command line talks to it: one question, one short answer, over https. TLS is verified, redirects are
// not followed, http goes to this machine only, unless somebody says that it may.
//
// Owner: a value. Thread: main, blocking. Errors: usage for an address that will not do, io for the network; any answer
// of the service, also a refusal, is a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/error.hpp"

namespace unavoce::cli {

/// Whether http may go further than to this machine, where everybody on the way can read and change it.
enum class PlainHttp { this_machine_only, anywhere };

/// What a service answered.
struct Answer {
  long status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;

  /// The stable word and the text of a problem document (RFC 9457); empty if it is none.
  std::string problem_word() const;
  std::string problem_text() const;
};

class Service {
 public:
  /// `base_url` as it stands in key files: `https://host`, with a port or a path if need be.
  static Result<Service> at(const std::string& base_url, PlainHttp plain);

  Result<Answer> get(const std::string& path) const;
  Result<Answer> post(const std::string& path, const std::string& json) const;
  /// Without a slash at its end.
  const std::string& base_url() const noexcept { return base_url_; }

 private:
  explicit Service(std::string base_url) : base_url_(std::move(base_url)) {}
  Result<Answer> ask(const std::string& path, const std::string* json) const;
  std::string base_url_;
};

/// A refusal as an error of the command: what was refused, and why in the service's own words.
Error refused(std::string_view what, const Answer& answer);

}  // namespace unavoce::cli
