// Who does not read what they asked for: their own connection ends, it costs a bounded amount of memory, and nobody
// else anything.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "small_server.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
using unavoce::testing::patience;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPiece = 64u << 10u;
/// More than what the kernel keeps for a connection that is not read (its largest buffers) and every queue together.
constexpr std::size_t kPieces = 1000;

/// What became of the WebSockets of a server: how many have ended.
struct Fates {
  std::atomic<int> ended = 0;
};

/// Answers every message with a piece.
class Talker final : public WebSocketSession {
 public:
  Talker(std::shared_ptr<WebSocketPeer> peer, std::shared_ptr<Fates> fates)
      : peer_(std::move(peer)), fates_(std::move(fates)) {}
  Task<void> receive(std::string) override {
    peer_->send(std::string(kPiece, 'x'));
    co_return;
  }
  void closed() override { ++fates_->ended; }

 private:
  std::shared_ptr<WebSocketPeer> peer_;
  std::shared_ptr<Fates> fates_;
};

OpenWebSocket talker(const std::shared_ptr<Fates>& fates) {
  return [fates](std::shared_ptr<WebSocketPeer> peer) -> std::unique_ptr<WebSocketSession> {
    return std::make_unique<Talker>(std::move(peer), fates);
  };
}

/// A WebSocket by hand: what is not asked for is not read.
class Peer {
 public:
  explicit Peer(const SmallServer& server) : socket_(server.port()) {
    socket_.send(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    REQUIRE(read_reply(socket_, "GET", left_over_).status == 101);
  }
  /// A text frame of one letter under a mask of zeros.
  void ask() { socket_.send(std::string_view("\x81\x81\0\0\0\0x", 7)); }
  /// Reads a message, in however many fragments; false if the connection is over before it is complete.
  bool read_piece() {
    for (;;) {
      if (!have(2)) return false;
      const unsigned opcode = byte(0) & 0x0fu;
      const bool is_final = (byte(0) & 0x80u) != 0;
      std::size_t size = byte(1) & 0x7fu;
      std::size_t header = 2;
      if (size >= 126) {
        header += size == 126 ? 2 : 8;
        if (!have(header)) return false;
        size = 0;
        for (std::size_t i = 2; i < header; ++i) size = size << 8u | byte(i);
      }
      if (!have(header + size) || opcode == 0x8) return false;
      left_over_.erase(0, header + size);
      if (opcode <= 0x2 && is_final) return true;
    }
  }

 private:
  unsigned byte(std::size_t i) const { return static_cast<unsigned char>(left_over_[i]); }
  bool have(std::size_t size) {
    while (left_over_.size() < size) {
      const std::string more = socket_.receive();
      if (more.empty()) return false;
      left_over_ += more;
    }
    return true;
  }

  Socket socket_;
  std::string left_over_;
};

/// Somebody asks for much and reads nothing, somebody else reads what they ask for: the first one is cut off.
void check_who_is_cut_off(const HttpLimits& limits) {
  const auto fates = std::make_shared<Fates>();
  const SmallServer server(limits, SmallServer::says_who_asked, talker(fates));
  Peer slow(server);
  Peer good(server);
  for (std::size_t i = 0; i < kPieces; ++i) slow.ask();
  const auto deadline = std::chrono::steady_clock::now() + patience(20s);
  std::size_t read = 0;
  while (fates->ended == 0 && std::chrono::steady_clock::now() < deadline) {
    good.ask();
    REQUIRE(good.read_piece());
    ++read;
  }
  CHECK(fates->ended == 1);
  // More than may be queued: who reads may be sent as much as they like.
  for (; read < kPieces / 10; ++read) {
    good.ask();
    REQUIRE(good.read_piece());
  }
  CHECK(fates->ended == 1);
  std::size_t got = 0;
  while (slow.read_piece()) ++got;
  CHECK(got < kPieces);
}

/// Never ends; counts what was read of it, and says when it is let go of.
class Endless final : public BodySource {
 public:
  struct Seen {
    std::atomic<std::uint64_t> bytes = 0;
    std::promise<void> let_go;
  };
  explicit Endless(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}
  Endless(const Endless&) = delete;
  Endless& operator=(const Endless&) = delete;
  ~Endless() override { seen_->let_go.set_value(); }
  std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{'x'});
    seen_->bytes += out.size();
    return out.size();
  }

 private:
  std::shared_ptr<Seen> seen_;
};

}  // namespace

TEST_CASE("a WebSocket that is not read is cut off when too much of it is queued", "[slow]") {
  HttpLimits limits;
  limits.websocket_queue_bytes = 1u << 20u;
  check_who_is_cut_off(limits);
}

TEST_CASE("when too much is queued for all together, those who do not read are cut off, and nobody else", "[slow]") {
  HttpLimits limits;
  limits.websocket_queue_bytes = 1u << 30u;
  limits.websocket_queues_bytes = 1u << 20u;
  check_who_is_cut_off(limits);
}

TEST_CASE("whoever does not read an answer makes way for others, whoever reads it at an ordinary speed does not",
          "[slow]") {
  HttpLimits limits;
  limits.connections = {3, 3};
  limits.answer_pace = {patience(3s), 1000};
  const auto read = std::make_shared<Endless::Seen>();
  const auto unread = std::make_shared<Endless::Seen>();
  auto let_go = unread->let_go.get_future();
  const SmallServer server(limits, [&](const Request& request) {
    if (request.path == "/long") return text_response(200, "text/plain", std::string(16u << 20u, 'x'));
    Response response = SmallServer::says_who_asked(request);
    if (request.path == "/read") response.source = std::make_unique<Endless>(read);
    if (request.path == "/unread") response.source = std::make_unique<Endless>(unread);
    return response;
  });
  Socket ordinary(server.port());
  ordinary.send("GET /read HTTP/1.1\r\nHost: x\r\n\r\n");
  Socket deaf(server.port());
  deaf.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  Socket deaf_to_a_file(server.port());
  deaf_to_a_file.send("GET /unread HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto late = std::chrono::steady_clock::now() + patience(4s);
  while (std::chrono::steady_clock::now() < late) {
    REQUIRE_FALSE(ordinary.receive().empty());
    std::this_thread::sleep_for(5ms);
  }
  std::vector<std::unique_ptr<Socket>> others;
  for (int i = 0; i < 2; ++i) {
    others.push_back(std::make_unique<Socket>(server.port()));
    others.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
    std::string left_over;
    CHECK(read_reply(*others.back(), "POST", left_over).body == "127.0.0.1 1");
  }
  CHECK(let_go.wait_for(patience(10s)) == std::future_status::ready);
  // More than the kernel had taken already.
  for (std::size_t got = 0; got < (32u << 20u);) {
    const std::string more = ordinary.receive();
    REQUIRE_FALSE(more.empty());
    got += more.size();
  }
}

TEST_CASE("whoever asks for headers and reads none makes way for others", "[slow]") {
  const std::string target = GENERATE(as<std::string>{}, "/", "/file");
  HttpLimits limits;
  limits.connections = {1, 1};
  limits.answer_pace = {100ms, 1000};
  std::atomic<int> asked = 0;
  const SmallServer server(limits, [&](const Request& request) {
    if (request.method != Method::head) return SmallServer::says_who_asked(request);
    ++asked;
    Response response = empty_response(200).with("X-Filling", std::string(16'000, 'x'));
    if (target == "/file") response.source = std::make_unique<Endless>(std::make_shared<Endless::Seen>());
    return response;
  });
  Socket deaf(server.port());
  constexpr int kHeads = 2000;  // more than the kernel keeps for it
  std::string heads;
  for (int i = 0; i < kHeads; ++i) heads += "HEAD " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
  deaf.send(heads);
  int before = 0;
  do {
    before = asked;
    std::this_thread::sleep_for(patience(500ms));
  } while (asked == 0 || asked != before);
  REQUIRE(asked < kHeads);
  Socket other(server.port());
  other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  std::string left_over;
  CHECK(read_reply(other, "POST", left_over).status == 200);
}

TEST_CASE("whoever reads on a slow line does not make way, whoever does not read at all does", "[slow]") {
  HttpLimits limits;
  limits.connections = {2, 2};
  limits.answer_pace = {patience(3s), 4096};
  const auto read = std::make_shared<Endless::Seen>();
  const auto unread = std::make_shared<Endless::Seen>();
  auto reader_gone = read->let_go.get_future();
  auto deaf_gone = unread->let_go.get_future();
  const SmallServer server(limits, [&](const Request& request) {
    Response response = SmallServer::says_who_asked(request);
    if (request.path == "/read") response.source = std::make_unique<Endless>(read);
    if (request.path == "/unread") response.source = std::make_unique<Endless>(unread);
    return response;
  });
  Socket slow(server.port());
  slow.send("GET /read HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE_FALSE(slow.receive().empty());  // is served first, so it would be the first to go
  Socket deaf(server.port());
  deaf.send("GET /unread HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto late = std::chrono::steady_clock::now() + patience(4s);
  while (std::chrono::steady_clock::now() < late) {  // 100 KB in a second
    REQUIRE_FALSE(slow.receive().empty());
    std::this_thread::sleep_for(160ms);
  }
  Socket other(server.port());
  other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  std::string left_over;
  CHECK(read_reply(other, "POST", left_over).body == "127.0.0.1 1");
  CHECK(deaf_gone.wait_for(patience(5s)) == std::future_status::ready);
  CHECK(reader_gone.wait_for(0s) == std::future_status::timeout);
}

TEST_CASE("a download that is not read ends, and was never in memory as a whole", "[slow]") {
  HttpLimits limits;
  limits.transfer = 300ms;
  const auto seen = std::make_shared<Endless::Seen>();
  auto let_go = seen->let_go.get_future();
  const SmallServer server(limits, [&](const Request& request) {
    Response response = SmallServer::says_who_asked(request);
    if (request.path == "/endless") response.source = std::make_unique<Endless>(seen);
    return response;
  });
  Socket slow(server.port());
  slow.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(let_go.wait_for(patience(20s)) == std::future_status::ready);
  CHECK(seen->bytes < (64u << 20u));  // what the kernel keeps for the connection, and one piece
  Socket other(server.port());
  other.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string left_over;
  CHECK(read_reply(other, "GET", left_over).body == "127.0.0.1 0");
}

TEST_CASE("an answer of any length arrives whole at whoever goes on reading it, and a deaf reader is cut off",
          "[slow]") {
  HttpLimits limits;
  limits.transfer = patience(1s);
  constexpr std::size_t kSize = 16u << 20u;  // more than the kernel takes at once
  const SmallServer server(limits,
                           [](const Request&) { return text_response(200, "text/plain", std::string(kSize, 'x')); });
  Socket slow(server.port());
  slow.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  Socket deaf(server.port());
  deaf.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::size_t got = 0;
  for (std::string more = slow.receive(); !more.empty(); more = slow.receive()) {
    got += more.size();
    std::this_thread::sleep_for(patience(5ms));  // 16 KB each
  }
  CHECK(got > kSize);
  std::size_t heard = 0;
  for (std::string more = deaf.receive(); !more.empty(); more = deaf.receive()) heard += more.size();
  CHECK(heard < kSize);
}
