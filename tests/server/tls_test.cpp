// HTTPS and WSS: a whole service behind a certificate made for this test, and what is said about files that do not do.

#include <sysexits.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "attendee.hpp"
#include "running_server.hpp"
#include "tests/patience.hpp"
#include "tests/program.hpp"
#include "tls_client.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// Certificate and key as files.
struct TlsFolder {
  explicit TlsFolder(const Certificate& made = new_certificate()) {
    testing::write_text(certificate, made.certificate);
    testing::write_text(key, made.key);
  }
  void operator()(Config& config) const {
    config.tls_certificate = certificate;
    config.tls_key = key;
  }
  /// What a command line says.
  std::string flags() const { return "--tls-certificate " + certificate + " --tls-key " + key; }

  testing::TemporaryFolder folder;
  std::string certificate = folder / "fullchain.pem";
  std::string key = folder / "privkey.pem";
};

/// Runs unavoced to its end: it must refuse. Within seconds, or it would be serving.
testing::Outcome unavoced(const TlsFolder& files, const std::string& flags) {
  return testing::run("timeout " + std::to_string(20 * testing::kSlower) +
                      " " UNAVOCED_PROGRAM " --allow-root --port 0 --data " + (files.folder / "data") + " " + flags +
                      " 2>&1 </dev/null");
}

/// Both the start and --check-config refuse, with these words.
void refused(const TlsFolder& files, const std::vector<std::string>& words, int exit_code = 1) {
  for (const char* command : {"", " --check-config"}) {
    CAPTURE(command);
    const auto outcome = unavoced(files, files.flags() + command);
    CHECK(outcome.exit_code == exit_code);
    for (const std::string& word : words) CHECK_THAT(outcome.output, Catch::Contains(word));
    CHECK_THAT(outcome.output, !Catch::Contains("PRIVATE KEY-----\nM"));  // nothing of the file's content
  }
}

}  // namespace

TEST_CASE("over TLS the service answers, and its address says https", "[tls]") {
  const TlsFolder files;
  const RunningServer server(std::ref(files));
  CHECK(server.base_url() == "https://localhost:" + std::to_string(server.port()));
  const Reply reply = server.fetch("GET", "/api/v1/health");
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("strict-transport-security") != "");
}

TEST_CASE("a client that trusts another certificate does not talk to the service", "[tls]") {
  const TlsFolder files;
  const TlsFolder other;
  const RunningServer server(std::ref(files));
  CHECK_THROWS_WITH(fetch({server.port(), other.certificate}, "GET", "/api/v1/health"), "TLS was not agreed on");
}

TEST_CASE("over TLS the log-in's cookie never travels in the clear", "[tls]") {
  const std::string body =
      R"({"user":"anna","email":"x@example.org","password":")" + std::string(kPassword) + R"(","invitation":null})";
  const TlsFolder files;
  const RunningServer tls(std::ref(files));
  CHECK_THAT(tls.fetch("POST", "/api/v1/accounts", {}, body).headers.at("set-cookie"), Catch::EndsWith("; Secure"));
  // Plain, on loopback only, it would not come back if it had the attribute.
  const RunningServer plain;
  CHECK_THAT(plain.fetch("POST", "/api/v1/accounts", {}, body).headers.at("set-cookie"), !Catch::Contains("Secure"));
}

TEST_CASE("a whole meeting runs over WSS, from the join to the open gate", "[tls]") {
  const TlsFolder files;
  const RunningServer server(std::ref(files));
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben.approve().status == 201);
  ben.wait_for_gate("open");
  CHECK(ben.gate.at("take") == 1);
}

TEST_CASE("whoever speaks plain HTTP to the TLS port is cut off, and the service goes on", "[tls]") {
  const TlsFolder files;
  const RunningServer server(std::ref(files));
  for (const char* said : {"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x16\x03\x01\xff\xff", "x"}) {
    Socket plain{Address(server.port())};
    plain.send(said);
    if (std::string_view(said).size() > 5) CHECK(plain.receive().find("HTTP/1.1 200") == std::string::npos);
  }
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
  CHECK_THAT(server.log_text(), !Catch::Contains("a connection failed"));
}

TEST_CASE("the service stops while somebody is in the middle of a TLS handshake", "[tls]") {
  const TlsFolder files;
  auto server = std::make_unique<RunningServer>(std::ref(files));
  Socket half{Address(server->port())};
  half.send(std::string_view("\x16\x03\x01", 3));  // the beginning of a record, and then silence
  REQUIRE(server->fetch("GET", "/api/v1/health").status == 200);
  server.reset();
  CHECK(half.receive().empty());
}

TEST_CASE("without a certificate unavoced does not listen to other machines, and says what to do", "[tls]") {
  const TlsFolder files;
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::"}) {
    for (const char* command : {"", " --check-config"}) {
      const auto outcome = unavoced(files, "--listen " + std::string(address) + command);
      CAPTURE(address, command);
      CHECK(outcome.exit_code == 1);
      CHECK_THAT(outcome.output, Catch::Contains("tls_certificate") && Catch::Contains(address));
    }
  }
  CHECK_FALSE(std::filesystem::exists(files.folder / "data"));
}

TEST_CASE("with certificate and key the configuration for all machines is right", "[tls]") {
  const TlsFolder files;
  const auto outcome = unavoced(files, "--listen 0.0.0.0 --check-config " + files.flags());
  CAPTURE(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("an address that this machine does not have may come, and the exit code says so", "[tls]") {
  const TlsFolder files;
  const auto outcome = unavoced(files, "--listen 192.0.2.1 " + files.flags());  // for documentation only (RFC 5737)
  CHECK(outcome.exit_code == EX_TEMPFAIL);
  CHECK_THAT(outcome.output, Catch::Contains("cannot listen on 192.0.2.1"));
}

TEST_CASE("a key that belongs to another certificate is refused", "[tls]") {
  TlsFolder files;
  testing::write_text(files.key, new_certificate().key);
  refused(files, {"tls_key", files.key, "is not the key of", files.certificate});
}

TEST_CASE("a certificate whose time is over, or has not come, is refused", "[tls]") {
  using std::chrono::hours;
  refused(TlsFolder(new_certificate(hours(-48), hours(-24))), {"tls_certificate", "ended on", "renew"});
  refused(TlsFolder(new_certificate(hours(24), hours(48))), {"tls_certificate", "begins on", "clock"}, EX_TEMPFAIL);
}

TEST_CASE("files that are missing, unreadable or something else are refused by name", "[tls]") {
  TlsFolder files;
  const std::string right = files.key;
  files.key = files.folder / "nowhere.pem";
  refused(files, {"tls_key: cannot read", "nowhere.pem", "No such file"});
  files.key = right;
  testing::write_text(files.key, "no key at all\n");
  refused(files, {"tls_key", files.key, "no private key in PEM"});
  testing::write_text(files.certificate, "");
  refused(files, {"tls_certificate", files.certificate, "no certificate in PEM"});
  if (geteuid() == 0) return;  // root reads everything
  std::filesystem::permissions(files.certificate, std::filesystem::perms::none);
  refused(files, {"tls_certificate: cannot read", files.certificate, "Permission denied"});
}

TEST_CASE("a key under a passphrase is refused instead of asked for", "[tls]") {
  const Certificate made = new_certificate();
  refused(TlsFolder({made.certificate, with_passphrase(made.key)}), {"tls_key", "passphrase"});
}
