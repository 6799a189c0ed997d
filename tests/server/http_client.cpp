#include "http_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "api_contract.hpp"
#include "tls_client.hpp"

namespace unavoce::server::test {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string request_text(std::string_view method, std::string_view target, const Headers& headers,
                         std::string_view body) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + std::string(body);
}

/// Whatever test it is: what the service says must be what is documented.
void check_contract(const std::string& breach) {
  if (!breach.empty()) throw std::runtime_error(breach);
}

/// Takes `size` bytes from the front of `buffer`, receiving what is missing.
std::string take_bytes(Socket& socket, std::string& buffer, std::size_t size) {
  while (buffer.size() < size) {
    const std::string more = socket.receive();
    if (more.empty()) throw std::runtime_error("the server closed in the middle of an answer");
    buffer += more;
  }
  std::string taken = buffer.substr(0, size);
  buffer.erase(0, size);
  return taken;
}

/// Takes a line without its CR LF.
std::string take_line(Socket& socket, std::string& buffer) {
  while (buffer.find("\r\n") == std::string::npos) {
    const std::string more = socket.receive();
    if (more.empty()) throw std::runtime_error("the server closed in the middle of a header");
    buffer += more;
  }
  std::string line = buffer.substr(0, buffer.find("\r\n"));
  buffer.erase(0, line.size() + 2);
  return line;
}

}  // namespace

Socket::Socket(const Address& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  try {
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("cannot connect");
    }
    if (!address.trusted.empty()) tls_ = std::make_unique<TlsLayer>(fd_, address.trusted);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

Socket::~Socket() {
  tls_.reset();
  ::close(fd_);
}

void Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = tls_ ? tls_->write(bytes) : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // a server that refuses may close early; what it said is still there to read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Socket::receive(std::chrono::milliseconds wait) {
  pollfd readable{fd_, POLLIN, 0};
  const bool decrypted = tls_ && tls_->has_pending();
  if (!decrypted && ::poll(&readable, 1, static_cast<int>(wait.count())) != 1) return {};
  std::array<char, 16384> bytes{};
  const ssize_t got = tls_ ? tls_->read(bytes) : ::recv(fd_, bytes.data(), bytes.size(), 0);
  over_ = got <= 0;
  return got <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(got));
}

Reply read_reply(Socket& socket, std::string_view method, std::string& left_over) {
  Reply reply;
  const std::string status_line = take_line(socket, left_over);
  reply.status = static_cast<unsigned>(std::stoul(status_line.substr(9, 3)));
  for (std::string line = take_line(socket, left_over); !line.empty(); line = take_line(socket, left_over)) {
    const auto colon = line.find(':');
    reply.headers[lower(line.substr(0, colon))] = line.substr(line.find_first_not_of(' ', colon + 1));
  }
  if (method == "HEAD" || reply.status == 101 || reply.status == 204 || reply.status == 304) return reply;
  if (reply.headers.contains("content-length")) {
    reply.body = take_bytes(socket, left_over, std::stoul(reply.headers["content-length"]));
    return reply;
  }
  for (;;) {  // chunked
    const std::size_t size = std::stoul(take_line(socket, left_over), nullptr, 16);
    reply.body += take_bytes(socket, left_over, size);
    take_line(socket, left_over);
    if (size == 0) return reply;
  }
}

Reply fetch(const Address& address, std::string_view method, std::string_view target, const Headers& headers,
            std::string_view body) {
  Socket socket(address);
  socket.send(request_text(method, target, headers, body));
  std::string left_over;
  Reply reply = read_reply(socket, method, left_over);
  check_contract(breach_of_contract({method, target, body}, reply));
  return reply;
}

WebSocketClient::WebSocketClient(const Address& address, std::string_view target, const Headers& headers)
    : socket_(address) {
  Headers all = {{"Connection", "Upgrade"},
                 {"Upgrade", "websocket"},
                 {"Sec-WebSocket-Version", "13"},
                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  all.insert(all.end(), headers.begin(), headers.end());
  socket_.send(request_text("GET", target, all, {}));
  reply_ = read_reply(socket_, "GET", buffer_);
  check_contract(breach_of_contract({"GET", target, {}, Asked::As::handshake}, reply_));
}

void WebSocketClient::send(std::string_view text) {
  const std::string breach = breach_of_contract(Sender::client, text);
  if (!breach.empty()) undocumented_ = breach;
  send_frame(0x1, text);
}

std::string WebSocketClient::checked(std::string message) {
  check_contract(breach_of_contract(Sender::server, message));
  // What is documented nowhere must be refused, not answered.
  if (message.find(R"("type":"problem")") != std::string::npos) undocumented_.clear();
  for (const char* answer : {R"("type":"welcome")", R"("type":"pong")"}) {
    if (message.find(answer) != std::string::npos) check_contract(undocumented_);
  }
  return message;
}

void WebSocketClient::send_frame(std::uint8_t opcode, std::string_view payload) {
  std::string frame;
  frame.push_back(static_cast<char>(0x80 | opcode));
  const std::size_t size = payload.size();
  if (size < 126) {
    frame.push_back(static_cast<char>(0x80 | size));
  } else if (size < 65536) {
    frame.push_back(static_cast<char>(0x80 | 126));
    for (const int shift : {8, 0}) frame.push_back(static_cast<char>(size >> shift));
  } else {
    frame.push_back(static_cast<char>(0x80 | 127));
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(std::uint64_t{size} >> shift));
  }
  frame.append(4, '\0');  // a mask of zeros is a mask (RFC 6455 section 5.3 asks clients for one)
  frame += payload;
  socket_.send(frame);
}

std::optional<std::string> WebSocketClient::receive(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  auto have = [&](std::size_t size) {
    while (buffer_.size() < size) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      const std::string more = socket_.receive(left);
      if (more.empty()) return false;
      buffer_ += more;
    }
    return true;
  };
  for (;;) {
    if (!have(2)) return std::nullopt;
    const unsigned opcode = static_cast<unsigned char>(buffer_[0]) & 0x0f;
    const bool is_final = (static_cast<unsigned char>(buffer_[0]) & 0x80) != 0;
    std::size_t size = static_cast<unsigned char>(buffer_[1]) & 0x7f;
    std::size_t header = 2;
    if (size >= 126) {
      const std::size_t bytes = size == 126 ? 2 : 8;
      if (!have(2 + bytes)) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | static_cast<unsigned char>(buffer_[2 + i]);
      header += bytes;
    }
    if (!have(header + size)) return std::nullopt;
    std::string payload = buffer_.substr(header, size);
    buffer_.erase(0, header + size);
    // A long message comes in fragments (RFC 6455 section 5.4): one of text, then continuations.
    if (opcode == 0x1) fragments_.clear();
    if (opcode <= 0x1) fragments_ += payload;
    if (opcode <= 0x1 && is_final) return checked(std::exchange(fragments_, {}));
    if (opcode == 0x8) closed_ = true;
    if (opcode == 0x8) return std::nullopt;
    if (opcode == 0x9) send_frame(0xa, payload);
  }
}

}  // namespace unavoce::server::test
