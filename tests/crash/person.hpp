// Somebody in the meeting, with a seat and media, through all lives of the service.
// Owner: Play. Thread: the test's. Errors: std::runtime_error; also when the service is gone in the middle.
#pragma once

#include <memory>
#include <optional>

#include "chronicle.hpp"
#include "dice.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/attendee.hpp"

namespace unavoce::crash {

enum class Media {
  quiet_voice,     ///< Opus at 24 kbit/s, no picture
  camera,          ///< sound and a picture of 1 Mbit/s: several sealed chunks a second
  covered_camera,  ///< a picture is announced and never comes
};

class Person {
 public:
  Person(const server::test::Host& host, server::test::Attendee::As as, std::string name, Media media);
  ~Person();

  /// Takes a seat, under the key of before or a fresh one.
  void join(Dice& dice);
  /// Reads everything that was said to them by now.
  void listen();
  /// Approves the request and publishes.
  void approve(Chronicle& chronicle);
  /// Takes everything back under this key.
  void withdraw(Chronicle& chronicle);
  /// Closes the connection, and stops sending.
  void leave(Chronicle& chronicle);

  bool is_here() const { return seat_ != nullptr; }
  bool is_live() const { return live_.has_value(); }
  server::test::Attendee& seat() { return *seat_; }
  const std::string& name() const { return name_; }
  /// Waits until the gate is open; their window begins. The take.
  std::uint32_t await_open(Chronicle& chronicle);
  /// Waits until something that they sent in this take has reached the disk.
  void await_media(const Chronicle& chronicle, const std::filesystem::path& blobs);
  /// The service is dead: it knows nobody's connection any more.
  void forget_connection() { resume_.reset(); }

 private:
  void publish(Answer& answer, const server::test::Json& place);
  void stop_sending(Chronicle& chronicle);

  const server::test::Host& host_;
  server::test::Attendee::As as_;
  std::string name_;
  Media media_;
  std::optional<crypto::SigningKey> key_;  ///< to come back with; none after it withdrew everything
  std::optional<std::string> resume_;      ///< of the last connection to this life of the service
  std::unique_ptr<server::test::Attendee> seat_;
  std::unique_ptr<recorder::test::Publisher> publisher_;
  std::optional<std::size_t> live_;  ///< the answer that holds, by its place in the chronicle
};

}  // namespace unavoce::crash
