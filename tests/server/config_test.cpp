#include "server/config.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "server/command_line.hpp"

using namespace unavoce::server;

namespace {

SettingValues flags(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "unavoced");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data()).value()->flags;
}

const std::string kVkey = unavoce::crypto::CosignatureVerifier::from_key(
                              "witness.example", unavoce::crypto::SigningKey::generate().public_key())
                              .value()
                              .vkey();
const std::string kWitness = "http://witness.example " + kVkey;

}  // namespace

TEST_CASE("flags win over the environment, which wins over the file", "[config]") {
  const auto file = parse_config_file("port = 1001\nlocation = 'file'\nauthority = 'file'", "x").value();
  const auto environment =
      parse_environment(std::vector<std::string>{"UNAVOCE_PORT=1002", "UNAVOCE_LOCATION=env", "PORT=9"}).value();
  const Config config = merge_config(file, environment, flags({"--port", "1003"})).value();
  CHECK(config.listen_port == 1003);
  CHECK(config.location == "env");
  CHECK(config.authority == "file");
}

TEST_CASE("a misspelt variable is refused by its name; what is no setting is let be", "[config]") {
  const auto misspelt = parse_environment(std::vector<std::string>{"UNAVOCE_PROT=1"});
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().text.find("UNAVOCE_PROT") != std::string::npos);
  CHECK(parse_environment(std::vector<std::string>{"UNAVOCE_CONFIG=f", "UNAVOCE_TEST_LONG=1", "UNAVOCEAN=1"}));
}

TEST_CASE("lists come from all three sources", "[config]") {
  const auto file = parse_config_file("processors = ['a', 'b']", "x").value();
  CHECK(merge_config(file, {}, {}).value().processors == std::vector<std::string>{"a", "b"});
  const auto environment = parse_environment(std::vector<std::string>{"UNAVOCE_PROCESSORS=c;d"}).value();
  CHECK(merge_config(file, environment, {}).value().processors == std::vector<std::string>{"c", "d"});
  const auto flag = flags({"--processors", "e", "--processors", "f"});
  CHECK(merge_config(file, environment, flag).value().processors == std::vector<std::string>{"e", "f"});
}

TEST_CASE("without TLS only this machine may connect", "[config]") {
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "2001:db8::1"}) {
    const auto refused = merge_config({}, {}, {{"listen", {address}}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("tls_certificate") != std::string::npos);
    CHECK(merge_config({}, {}, {{"listen", {address}}, {"tls_certificate", {"c"}}, {"tls_key", {"k"}}}));
  }
  for (const char* address : {"127.0.0.1", "127.8.8.8", "::1", "localhost"}) {
    CHECK(merge_config({}, {}, {{"listen", {address}}}));
  }
}

TEST_CASE("a wrong setting is refused with its name", "[config]") {
  const std::vector<std::pair<std::string, std::string>> wrong = {{"port", "70000"},
                                                                  {"port", "x"},
                                                                  {"registration", "sometimes"},
                                                                  {"base_url", "meet.example"},
                                                                  {"base_url", "https://a/b"},
                                                                  {"controllers", "nobody"},
                                                                  {"ice_addresses", "example"},
                                                                  {"ice_servers", "http://x"},
                                                                  {"ice_servers", "turn:meet.example"},
                                                                  {"turn_servers", "stun:meet.example"},
                                                                  {"turn_secret", "fifteen bytes.."},
                                                                  {"log_level", "loud"},
                                                                  {"listen", "example"},
                                                                  {"retention_max_days", "0"},
                                                                  {"disk_reserve_mib", "1048577"},
                                                                  {"disk_reserve_mib", "-1"},
                                                                  {"max_mbit_per_publisher", "0"},
                                                                  {"max_mbit_per_publisher", "10001"},
                                                                  {"witnesses", "https://witness.example"},
                                                                  {"witnesses", "https://witness.example no-vkey"},
                                                                  {"witnesses", kWitness},  // http to elsewhere
                                                                  {"ledger_checkpoint_copy", "checkpoint"},
                                                                  {"ledger_checkpoint_copy", "/checkpoint"},
                                                                  {"location", "a\nb"}};
  for (const auto& [key, value] : wrong) {
    CAPTURE(key, value);
    const auto refused = merge_config({}, {}, {{key, {value}}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find(key) != std::string::npos);
  }
}

TEST_CASE("a witness is an https address, or one of this machine, and a vkey", "[config]") {
  for (const char* url : {"https://witness.example", "https://witness.example/below/", "http://127.0.0.1:8090",
                          "http://localhost:8090", "http://[::1]:8090"}) {
    CAPTURE(url);
    const auto config = merge_config({}, {}, {{"witnesses", {std::string(url) + " " + kVkey}}});
    REQUIRE(config);
    CHECK(config.value().witnesses.at(0).key.vkey() == kVkey);
    CHECK_FALSE(config.value().witnesses.at(0).url.ends_with('/'));
  }
}

TEST_CASE("the copy of the checkpoint lies neither in the data folder nor around it", "[config]") {
  const auto with = [](const char* copy) {
    return merge_config({}, {}, {{"data", {"/srv/unavoce/data"}}, {"ledger_checkpoint_copy", {copy}}}).has_value();
  };
  CHECK(with("/mnt/other/checkpoint"));
  CHECK(with("/srv/unavoce-copy/checkpoint"));
  for (const char* copy : {"/srv/unavoce/data/checkpoint", "/srv/unavoce/data/deeper/checkpoint",
                           "/srv/unavoce/checkpoint", "/srv/unavoce/other/../data/checkpoint", "/mnt/other/"})
    CHECK_FALSE(with(copy));
}

TEST_CASE("the addresses of STUN and TURN servers are those that a browser takes", "[config]") {
  const auto takes_stun = [](const std::string& address) {
    return merge_config({{"ice_servers", {address}}}, {}, {}).has_value();
  };
  const auto takes_turn = [](const std::string& address) {
    return merge_config({{"turn_servers", {address}}, {"turn_secret", {"0123456789abcdef"}}}, {}, {}).has_value();
  };
  for (const char* host : {"meet.example", "meet.example:3478", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:3478"}) {
    CAPTURE(host);
    CHECK(takes_stun(std::string("stun:") + host));
    CHECK(takes_turn(std::string("turn:") + host));
    CHECK(takes_turn(std::string("turns:") + host + "?transport=tcp"));
    CHECK(takes_turn(std::string("turn:") + host + "?transport=udp"));
    CHECK_FALSE(takes_stun(std::string("stun:") + host + "?transport=udp"));
    CHECK_FALSE(takes_turn(std::string("turn:") + host + "?transport=sctp"));
  }
  for (const char* host :
       {"", ":3478", "a b", "a>b", "a\"b", "//meet.example", "user@meet.example", "meet.example:", "meet.example:0",
        "meet.example:65536", "meet.example:x", "[2001:db8::1", "[]", "[x]:1", "2001:db8::1", "[2001:db8::1]x"}) {
    CAPTURE(host);
    CHECK_FALSE(takes_stun(std::string("stun:") + host));
    CHECK_FALSE(takes_turn(std::string("turn:") + host));
  }
  for (const char* address : {"turn", "turns", "", "turn.example:3478"}) CHECK_FALSE(takes_turn(address));
}

TEST_CASE("a secret stands in the file only, and no error repeats it", "[config]") {
  const std::string secret = "0123456789abcdef";
  const auto file = parse_config_file("turn_secret = '" + secret + "'\nturn_servers = ['turn:x']", "x").value();
  CHECK(merge_config(file, {}, {}).value().turn_secret == secret);
  const auto is_refused_without_it = [&](const auto& refused) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("turn_secret") != std::string::npos);
    CHECK(refused.error().text.find(secret) == std::string::npos);
  };
  is_refused_without_it(parse_environment(std::vector<std::string>{"UNAVOCE_TURN_SECRET=" + secret}));
  for (const std::string flag : {"--turn-secret", "--turn_secret", "-turn-secret", "turn_secret"}) {
    const std::string joined = flag + "=" + secret;
    for (const std::vector<const char*>& arguments :
         {std::vector<const char*>{"unavoced", flag.c_str(), secret.c_str()},
          std::vector<const char*>{"unavoced", joined.c_str()}}) {
      is_refused_without_it(parse_command_line(static_cast<int>(arguments.size()), arguments.data()));
    }
  }
  CHECK(merge_config({{"turn_secret", {"too little"}}}, {}, {}).error().text.find("too little") == std::string::npos);
}

TEST_CASE("halves of a pair are refused", "[config]") {
  CHECK_FALSE(merge_config({}, {}, {{"tls_certificate", {"c"}}}));
  CHECK_FALSE(merge_config({}, {}, {{"tls_key", {"k"}}}));
  CHECK_FALSE(merge_config({}, {}, {{"udp_port_min", {"40000"}}}));
  CHECK_FALSE(merge_config({}, {}, {{"udp_port_min", {"40001"}}, {"udp_port_max", {"40000"}}}));
  CHECK_FALSE(merge_config({{"turn_servers", {"turn:meet.example"}}}, {}, {}));
  CHECK_FALSE(merge_config({{"turn_secret", {"0123456789abcdef"}}}, {}, {}));
}

TEST_CASE("a file with an unknown setting, a wrong type or a broken line is refused with the place", "[config]") {
  CHECK(parse_config_file("prot = 1", "f.toml").error().text.find("prot") != std::string::npos);
  CHECK(parse_config_file("processors = 'a'", "f.toml").error().text.find("list") != std::string::npos);
  CHECK(parse_config_file("port = 1\nport = ", "f.toml").error().text.find("line 2") != std::string::npos);
  CHECK_FALSE(parse_config_file("port = [1]", "f.toml"));
}

TEST_CASE("controllers are a name and a contact", "[config]") {
  const Config config =
      merge_config({}, {}, {{"controllers", {"Example GmbH <privacy@example.org>", "B <https://b.example>"}}}).value();
  REQUIRE(config.controllers.size() == 2);
  CHECK(config.controllers[0].name == "Example GmbH");
  CHECK(config.controllers[0].contact == "privacy@example.org");
}

TEST_CASE("the sample file is right and shows every setting", "[config]") {
  std::ifstream in(UNAVOCE_SOURCE_DIR "/packaging/unavoced.toml");
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE_FALSE(text.str().empty());
  CHECK(merge_config(parse_config_file(text.str(), "sample").value(), {}, {}));
  for (const Setting& setting : settings()) {
    CAPTURE(setting.key);
    CHECK(text.str().find("\n#" + std::string(setting.key) + " = ") != std::string::npos);
  }
}

TEST_CASE("every example in the help is a setting that works", "[config]") {
  for (const Setting& setting : settings()) {
    CAPTURE(setting.key);
    const auto values = parse_config_file(std::string(setting.key) + " = " + std::string(setting.example), "x");
    REQUIRE(values);
    Config config;
    CHECK(setting.apply(config, values.value().at(std::string(setting.key))));
  }
}

TEST_CASE("the address for people is made from what is known", "[config]") {
  Config config;
  CHECK(public_base_url(config, 8080) == "http://localhost:8080");
  config.base_url = "https://meet.example";
  CHECK(public_base_url(config, 8080) == "https://meet.example");
}
