// Many connections, slow ones, and none left: who makes way for whom, and what is said to whom.

#include <arpa/inet.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "running_server.hpp"
#include "server/body_pace.hpp"
#include "server/connection_table.hpp"
#include "server/descriptor_limit.hpp"
#include "small_server.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
using namespace std::chrono_literals;

namespace {

/// A table with its connections' fates.
struct Table {
  explicit Table(ConnectionLimits limits) : table(limits) {}
  bool admit(std::uint64_t number, const std::string& group = "a") {
    const bool admitted = table.admit(number, group, now);
    if (admitted) table.set_cut(number, [this, number] { cut.push_back(number); });
    return admitted;
  }
  /// Its body is on time until then.
  void receives(std::uint64_t number, std::chrono::milliseconds due) {
    table.receives(number, now, now + due, [this, number] { told.push_back(number); });
  }
  bool received(std::uint64_t number, std::size_t bytes, std::chrono::milliseconds due) {
    return table.received(number, bytes, now + due, now);
  }
  ConnectionTable table;
  ConnectionTable::Time now{};
  std::vector<std::uint64_t> cut;
  std::vector<std::uint64_t> told;  // to make way, in words
};

/// Sends a byte at a time, each well within every pause, until the server has had enough. False: it took them all.
bool is_cut_off_while_sending(Socket& socket, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    socket.send("x");
    if (socket.receive(5ms).empty() && socket.is_over()) return true;
  }
  return false;
}

/// What this process has in memory, service and client together.
std::size_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return 1024 * std::stoul(line.substr(6));
  }
  throw std::runtime_error("/proc/self/status has no VmRSS");
}

std::string ask(Socket& socket, const std::string& more = {}) {
  std::string left_over;
  socket.send("GET / HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
  return read_reply(socket, "GET", left_over).body;
}

}  // namespace

TEST_CASE("when there is no room, the connection that has waited longest makes way", "[connections]") {
  Table t({3, 3});
  for (const std::uint64_t number : {1, 2, 3}) CHECK(t.admit(number));
  t.table.works(1);
  t.table.works(2);
  t.table.waits(2, t.now);  // has waited less than 3 now
  CHECK(t.admit(4));
  CHECK(t.cut == std::vector<std::uint64_t>{3});
  CHECK(t.table.size() == 3);
  t.table.remove(3);  // it is gone only now
  CHECK(t.table.size() == 3);
}

TEST_CASE("who is being served never makes way: then there is no room", "[connections]") {
  Table t({2, 2});
  for (const std::uint64_t number : {1, 2}) {
    CHECK(t.admit(number));
    t.table.works(number);
  }
  CHECK_FALSE(t.admit(3));
  CHECK(t.cut.empty());
  t.table.remove(1);
  CHECK(t.admit(4));
}

TEST_CASE("one address fills its own share and nobody else's", "[connections]") {
  Table t({10, 2});
  for (const std::uint64_t number : {1, 2}) {
    CHECK(t.admit(number, "a"));
    t.table.works(number);
  }
  CHECK_FALSE(t.admit(3, "a"));
  CHECK(t.admit(4, "b"));
  t.table.waits(2, t.now);
  CHECK(t.admit(5, "a"));
  CHECK(t.cut == std::vector<std::uint64_t>{2});
}

TEST_CASE("a proxy brings as many as the machine takes", "[connections]") {
  Table t({5, 1});
  for (const std::uint64_t number : {1, 2, 3, 4, 5}) CHECK(t.admit(number, ""));
  CHECK(t.cut.empty());
}

TEST_CASE("of bodies that dawdle the one that has done so longest makes way, and none that is on time",
          "[connections]") {
  Table t({3, 3});
  for (const std::uint64_t number : {1, 2, 3}) {
    CHECK(t.admit(number));
    t.table.works(number);
  }
  t.receives(1, 300ms);
  t.receives(2, 100ms);
  t.receives(3, 200ms);
  CHECK_FALSE(t.admit(4));
  t.now += 150ms;
  CHECK(t.received(2, 1, -50ms));  // what has come of it makes up for nothing
  CHECK(t.admit(4));
  CHECK(t.told == std::vector<std::uint64_t>{2});
  t.table.works(4);
  CHECK_FALSE(t.admit(5));
  t.now += 100ms;
  CHECK(t.received(3, 9, 100ms));  // in time again
  CHECK_FALSE(t.admit(5));
  t.now += 60ms;
  CHECK(t.admit(5));
  CHECK(t.told == std::vector<std::uint64_t>{2, 1});
  CHECK(t.cut.empty());
  CHECK(t.table.size() == 3);
}

TEST_CASE("whoever has waited makes way before a body that has dawdled less long, and the other way round",
          "[connections]") {
  Table t({2, 2});
  CHECK(t.admit(1));
  CHECK(t.admit(2));
  t.table.works(2);
  t.receives(2, 100ms);
  t.now += 200ms;
  CHECK(t.admit(3));
  CHECK(t.cut == std::vector<std::uint64_t>{1});
  CHECK(t.admit(4));  // 3 has only just come
  CHECK(t.told == std::vector<std::uint64_t>{2});
}

TEST_CASE("a body that is here makes way for nobody", "[connections]") {
  Table t({1, 1});
  CHECK(t.admit(1));
  t.receives(1, 100ms);
  t.table.works(1);
  t.now += 1s;
  CHECK_FALSE(t.admit(2));
}

TEST_CASE("when bodies have taken all memory, one that dawdles gives back what it has", "[connections]") {
  Table t({10, 10, 100});
  for (const std::uint64_t number : {1, 2, 3, 4}) CHECK(t.admit(number));
  t.receives(1, 100ms);
  CHECK(t.received(1, 40, 100ms));
  t.receives(2, 500ms);
  CHECK(t.received(2, 60, 500ms));
  t.receives(3, 500ms);
  CHECK_FALSE(t.received(3, 1, 500ms));
  t.table.waits(3, t.now);  // it was refused
  t.now += 200ms;
  t.receives(4, 500ms);
  CHECK(t.received(4, 40, 500ms));
  CHECK(t.told == std::vector<std::uint64_t>{1});
  t.table.works(2);  // it is being answered: what it has is still there
  CHECK_FALSE(t.received(4, 41, 500ms));
  t.table.remove(2);
  CHECK(t.received(4, 100, 500ms));
  CHECK(t.cut.empty());
}

TEST_CASE("only so many that make way are told why at once", "[connections]") {
  Table t({2, 2, 100, 1});
  for (const std::uint64_t number : {1, 2}) {
    CHECK(t.admit(number));
    t.receives(number, 0ms);
  }
  CHECK(t.admit(3));
  t.table.works(3);
  CHECK(t.admit(4));
  t.table.works(4);
  CHECK(t.told == std::vector<std::uint64_t>{1});
  CHECK(t.cut == std::vector<std::uint64_t>{2});
}

TEST_CASE("a body is on time while no pause is too long and it is not slower than others in the end", "[connections]") {
  const BodyPace::Time begin{};
  BodyPace pace({1s, 1000}, begin);
  CHECK(pace.due() == begin + 1s);
  for (int i = 1; i <= 100; ++i) {
    pace.received(100 * i, begin + i * 100ms);
    CHECK(pace.due() >= begin + (i + 1) * 100ms);
  }
  BodyPace trickle({1s, 1000}, begin);
  for (int i = 1; i <= 100; ++i) trickle.received(i, begin + i * 100ms);
  CHECK(trickle.due() == begin + 1100ms);
  BodyPace stops({1s, 1000}, begin);  // what came at once does not count for later
  stops.received(1'000'000, begin);
  CHECK(stops.due() == begin + 1s);
}

TEST_CASE("thousands of idle connections keep nobody out, and cost no memory beyond those that are kept",
          "[connections]") {
  // Both ends of every connection are in this process, and an ordinary user begins with 1024 descriptors.
  rlimit descriptors{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &descriptors) == 0);
  const rlimit all{descriptors.rlim_max, descriptors.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &all) == 0);
  const char* wanted = std::getenv("UNAVOCE_TEST_CONNECTIONS");  // more for a long run
  const std::size_t connections =
      std::min<std::size_t>(wanted != nullptr ? std::stoul(wanted) : 3000, all.rlim_cur - 500);
  constexpr std::size_t kept = 200;
  const RunningServer server([](Config& config) { config.max_connections = kept; });
  std::vector<std::unique_ptr<Socket>> idle;
  idle.reserve(connections);
  const auto connect_more = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      idle.push_back(std::make_unique<Socket>(server.address()));
      if (i % 500 == 0) CHECK(server.fetch("GET", "/api/v1/health").status == 200);
    }
  };
  connect_more(1);  // what is made at the first use
  const std::size_t before = resident_bytes();
  connect_more(connections - 1);
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these keep what was freed
  // Of those who made way nothing is left but the client's own end, which is here, too.
  const std::size_t after = resident_bytes();
  constexpr std::size_t of_one_kept = 48u << 10u;
  constexpr std::size_t of_the_client = 1u << 10u;
  CHECK(after < before + kept * of_one_kept + connections * of_the_client);
#else
  (void)before;
#endif
}

TEST_CASE("whoever is turned away is told why and when to come back", "[connections]") {
  HttpLimits limits;
  limits.connections = {2, 2};
  limits.body = 20s;
  limits.body_pace.patience = 20s;
  SmallServer server(limits);
  std::vector<std::unique_ptr<Socket>> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(std::make_unique<Socket>(server.port()));
    busy.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    CHECK(busy.back()->receive().starts_with("HTTP/1.1 100"));  // now it works for this one
  }
  Socket refused(server.port());
  std::string left_over;
  const Reply reply = read_reply(refused, "GET", left_over);
  CHECK(reply.status == 503);
  CHECK(json_text(reply.body, "code") == "too_many_connections");
  CHECK(reply.headers.at("retry-after") == "5");
  CHECK(reply.headers.at("access-control-allow-origin") == "*");  // whatever page of whatever site asked
}

TEST_CASE("a header or body that arrives byte by byte is not waited for", "[connections]") {
  HttpLimits limits;
  limits.idle = 300ms;
  limits.body = 300ms;
  SmallServer server(limits);
  Socket slow_header(server.port());
  slow_header.send("GET / HTTP/1.1\r\nX: ");
  CHECK(is_cut_off_while_sending(slow_header, 10'000));
  Socket slow_body(server.port());
  slow_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  CHECK(is_cut_off_while_sending(slow_body, 10'000));
  Socket other(server.port());
  CHECK(ask(other) == "127.0.0.1 0");
}

TEST_CASE("what stands between the chunks of a body, or behind them, costs no memory without end", "[connections]") {
  const SmallServer server((HttpLimits()));
  for (const char* begun : {"1;", "1;a\r\nx\r\n1;", "1\r\nx\r\n0\r\nTrailing: "}) {
    CAPTURE(begun);
    Socket endless(server.port());
    endless.send(std::string("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") + begun);
    for (int i = 0; i < 4; ++i) endless.send(std::string(64 * 1024, 'a'));
    std::string left_over;
    const Reply reply = read_reply(endless, "POST", left_over);
    CHECK(reply.status == 413);
    CHECK(json_text(reply.body, "code") == "too_large");
  }
  Socket other(server.port());
  CHECK(ask(other) == "127.0.0.1 0");
}

TEST_CASE("without file descriptors the service says so once, waits, and goes on", "[connections]") {
  // Not a whole service: GLib ends its process when it gets no descriptor.
  SmallServer server((HttpLimits()));
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);  // into the queue
  const std::string complaint = "no connection can be accepted";
  while (server.log_text().find(complaint) == std::string::npos) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(500ms);  // for the attempts that are counted below
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  Socket next(server.port());
  CHECK(ask(next) == "127.0.0.1 0");
  const auto took = std::chrono::steady_clock::now() - begin;
  ::close(fd);
  const std::string text = server.log_text();
  CHECK(text.find(complaint, text.find(complaint) + 1) == std::string::npos);
  const std::string again = "accepted again, after ";
  REQUIRE(text.find(again) != std::string::npos);
  const long attempts = std::stol(text.substr(text.find(again) + again.size()));
  CHECK(attempts >= 2);
  CHECK(attempts <= took / 100ms + 1);  // a loop that spins makes thousands
}

TEST_CASE("behind a proxy that is named, the client is whom the proxy reports", "[connections]") {
  HttpLimits limits;
  SmallServer open(limits);
  Socket liar(open.port());
  CHECK(ask(liar, "X-Forwarded-For: 192.0.2.1\r\n") == "127.0.0.1 0");
  limits.trusted_proxies = {AddressBlock::parse("127.0.0.0/8").value()};
  SmallServer proxied(limits);
  Socket socket(proxied.port());
  CHECK(ask(socket, "X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n") == "192.0.2.1 0");
  CHECK(ask(socket, "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.2\r\n") == "192.0.2.2 0");
  CHECK(ask(socket) == "127.0.0.1 0");
}

TEST_CASE("only what trusted proxies wrote counts of an X-Forwarded-For", "[connections]") {
  const std::vector<AddressBlock> trusted = {AddressBlock::parse("10.0.0.0/8").value(),
                                             AddressBlock::parse("2001:db8::/32").value()};
  const auto client = [&](const char* peer, const char* header) { return client_address(peer, header, trusted); };
  CHECK(client("192.0.2.1", "203.0.113.9") == "192.0.2.1");
  CHECK(client("10.1.2.3", "203.0.113.9") == "203.0.113.9");
  CHECK(client("10.1.2.3", "6.6.6.6, 203.0.113.9,10.9.9.9") == "203.0.113.9");
  CHECK(client("10.1.2.3", "6.6.6.6, nonsense") == "10.1.2.3");
  CHECK(client("10.1.2.3", "6.6.6.6, ") == "10.1.2.3");
  CHECK(client("2001:db8::1", "2001:0DB9::0001") == "2001:db9::1");
  CHECK(client("::ffff:10.1.2.3", "192.0.2.7") == "192.0.2.7");
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "10.0.0.0/", "10.0.0.0/x", "proxy"}) {
    CAPTURE(wrong);
    CHECK_FALSE(AddressBlock::parse(wrong));
  }
}

TEST_CASE("connections get only the file descriptors that recording leaves", "[connections]") {
  CHECK(connections_that_fit(1024, 32, 1'000'000) == 1024);
  CHECK(connections_that_fit(1024, 10, 1024) == 1024 - 192 - 240);
  CHECK(connections_that_fit(1024, 100, 1024) == 512);
  CHECK(connections_that_fit(1024, 100, 20) == 16);
}

TEST_CASE("there are no more publishers than file descriptors for them, beside connections and service",
          "[connections]") {
  CHECK(publishers_that_fit(200, 1024, 1'000'000) == 200);
  CHECK(publishers_that_fit(200, 512, 1024) == (1024 - 192 - 512) / 24);
  CHECK(publishers_that_fit(200, 16, 20) == 1);
  // Together they never want more than there are, unless there is not even enough for the least of each.
  for (const std::uint64_t descriptors : {512u, 1024u, 4096u, 65536u}) {
    for (const std::uint32_t wanted : {1u, 32u, 200u, 5000u}) {
      CAPTURE(descriptors, wanted);
      const auto connections = connections_that_fit(1024, wanted, descriptors);
      CHECK(192 + connections + 24u * publishers_that_fit(wanted, connections, descriptors) <= descriptors);
    }
  }
}

TEST_CASE("an IPv6 customer is one address, whichever of theirs they take", "[connections]") {
  CHECK(address_group("192.0.2.1") == "192.0.2.1");
  CHECK(address_group("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(address_group("2001:db8:1:2:aaaa::1") == address_group("2001:db8:1:2::2"));
  CHECK(address_group("2001:db8:1:2::1") != address_group("2001:db8:1:3::1"));
}
