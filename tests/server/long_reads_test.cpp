// What is long to read keeps no meeting waiting for more than a piece of it, and holds no more RAM than it may.

#include "server/long_reads.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "consent/statements.hpp"
#include "sample_room.hpp"
#include "server/api.hpp"
#include "server/body_sources.hpp"
#include "server/clock.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"
#include "service_parts.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

using Order = std::vector<std::string>;

/// Readers at the door, and in which order the database thread served them.
struct Door {
  void come(std::string who, int pieces) {
    ++still_here;
    asio::co_spawn(executors.control, read(std::move(who), pieces), asio::detached);
  }
  Task<void> read(std::string who, int pieces) {
    for (int i = 0; i < pieces; ++i) {
      co_await reads.in_turn(who, [&] {
        order.push_back(who);
        if (during) during();
        return true;
      });
    }
    --still_here;
  }
  void serve() {
    const auto work = asio::make_work_guard(executors.control);
    while (still_here > 0) executors.control.run_one();
    executors.database.join();
  }

  Executors executors;
  LongReads reads{executors};
  int still_here = 0;
  Order order;  // database thread
  std::function<void()> during;
};

consent::Signed<consent::Room> sample_room(const ServiceParts& parts, const crypto::SigningKey& key) {
  const auto body =
      new_room(key, parts.keys.service.public_key(), parts.identity.name(), std::string(parts.identity.vkey()));
  return consent::parse_statement<consent::Room>(consent::sign_statement(body, key)).value();
}

/// A room of `ada` with so many recordings that were asked for; the last one's id.
std::string fill(ServiceParts& parts, std::size_t recordings) {
  const auto key = crypto::SigningKey::generate();
  const auto room = sample_room(parts, key);
  REQUIRE(parts.rooms.add_room(room.body.room, "ada"));
  const auto room_entry = consent::new_entry(room);
  REQUIRE(parts.ledger.append({&room_entry, 1}, wall_time()));
  std::string last;
  for (std::size_t i = 0; i < recordings; ++i) {
    const consent::Request body{.recording = consent::RecordingId::random(),
                                .room = room.body.room,
                                .room_statement = room.id,
                                .session = consent::SessionId::random(),
                                .purpose = "Minutes",
                                .scope = {consent::Kind::audio},
                                .minimum_scope = {},
                                .delete_after_ms = wall_time() + consent::SpanMs{86'400'000},
                                .names_refusals = false,
                                .notice = {1, "en", {}},
                                .page_sha256 = {},
                                .key = key.public_key(),
                                .issued_ms = wall_time(),
                                .expires_ms = wall_time() + consent::SpanMs{3'600'000}};
    const auto request = consent::parse_statement<consent::Request>(consent::sign_statement(body, key)).value();
    REQUIRE(parts.rooms.add_recording(body.recording, room.body.room));
    const auto entry = consent::new_entry(request);
    REQUIRE(parts.ledger.append({&entry, 1}, wall_time()));
    last = body.recording.hex();
  }
  return last;
}

Task<void> keep_answer(Task<Result<Response>> task, std::optional<Result<Response>>& answer) {
  answer.emplace(co_await std::move(task));
}

/// What a route says to `ada`. After each step of it but the last, the test has its turn.
Result<Response> answer_of(
    ServiceParts& parts, const std::vector<Route>& routes, std::string_view pattern, std::vector<std::string> path,
    const std::function<void()>& between_steps = [] {}) {
  std::optional<Result<Response>> answer;
  const auto route = std::ranges::find_if(
      routes, [&](const Route& candidate) { return candidate.pattern == pattern && candidate.method == Method::get; });
  asio::co_spawn(parts.executors.control, keep_answer(route->handler({{}, std::move(path), "ada"}), answer),
                 asio::detached);
  const auto work = asio::make_work_guard(parts.executors.control);
  parts.executors.control.restart();  // it stopped if there was nothing left to do after the answer before
  while (!answer) {
    parts.executors.control.run_one();
    if (!answer) between_steps();
  }
  return std::move(*answer);
}

std::string text_of_source(BodySource& source) {
  std::string text;
  std::vector<std::uint8_t> piece(1000);
  for (std::size_t got = source.read(piece).value(); got > 0; got = source.read(piece).value())
    text.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
  return text;
}

std::string word_of(const Result<void>& result) {
  return result ? "" : result.error().word;
}

constexpr LongReads::Limits kHundred{
    .bytes = 100, .bytes_of_reader = 60, .bundles_of_reader = 2, .bytes_of_everybody = 0};

}  // namespace

TEST_CASE("what a meeting asks of the database comes in between two pieces of something long", "[long_reads]") {
  Door door;
  door.during = [&] {
    if (door.order.size() == 1) asio::post(door.executors.database, [&] { door.order.emplace_back("meeting"); });
  };
  door.come("ada", 3);
  door.serve();
  CHECK(door.order == Order{"ada", "meeting", "ada", "ada"});
}

TEST_CASE("whoever asks for much at once waits for themself: turns go round by reader", "[long_reads]") {
  Door door;
  for (int i = 0; i < 4; ++i) door.come("ada", 1);
  door.come("ben", 2);
  door.serve();
  CHECK(door.order == Order{"ada", "ben", "ada", "ben", "ada", "ada"});
}

TEST_CASE("a piece that fails passes the turn on", "[long_reads]") {
  Door door;
  door.during = [&] {
    if (door.order.size() == 1) throw std::runtime_error("no such piece");
  };
  door.come("ada", 1);
  --door.still_here;  // nobody will say that this one has gone
  door.come("ben", 1);
  door.serve();
  CHECK(door.order == Order{"ada", "ben"});
}

TEST_CASE("another meeting's jobs are done many times while a long list is read", "[long_reads]") {
  ServiceParts parts;
  fill(parts, 200);
  std::size_t jobs_of_others = 0;
  const Response response = answer_of(parts, recording_list_routes(parts.services), "/api/v1/recordings", {}, [&] {
                              std::promise<void> done;
                              asio::post(parts.executors.database, [&] { done.set_value(); });
                              done.get_future().get();
                              ++jobs_of_others;
                            }).value();
  CHECK(jobs_of_others > 6);  // as one job: twice
  CHECK(Json::parse(text_of_source(*response.source)).at("recordings").size() == 200);
}

TEST_CASE("an answer holds what it may, by reader and for the machine, and gives it back when it is gone",
          "[long_reads]") {
  Executors executors;
  LongReads reads(executors, kHundred);
  LongReads::Held first = reads.hold("ada");
  CHECK(first.grow_to(50));
  {
    LongReads::Held second = reads.hold("ada");
    CHECK(word_of(second.grow_to(11)) == "too_much_at_once");
    CHECK(second.grow_to(10));
    LongReads::Held third = reads.hold("ben");
    CHECK(word_of(third.grow_to(41)) == "too_much_at_once");
    CHECK(third.grow_to(40));
    CHECK(word_of(third.grow_to(41)) == "too_much_at_once");
    third.shrink_to(30);
    CHECK(third.grow_to(40));
  }
  LongReads::Held other = reads.hold("ben");
  CHECK(other.grow_to(50));
  first = std::move(other);
  CHECK(reads.hold("ada").grow_to(50));
}

TEST_CASE("what a page needs to check who is recorded is given whatever others hold", "[long_reads]") {
  Executors executors;
  LongReads::Limits limits = kHundred;
  limits.bytes_of_everybody = 20;
  LongReads reads(executors, limits);
  LongReads::Held all = reads.hold("ada");
  CHECK(all.grow_to(700));
  LongReads::Held first = reads.hold("ben");
  CHECK(first.grow_to(15));
  LongReads::Held second = reads.hold("ben");
  CHECK(word_of(second.grow_to(6)) == "too_much_at_once");
  CHECK(second.grow_to(5));
}

TEST_CASE("what is larger than the limit by itself is given when nothing else is on its way", "[long_reads]") {
  Executors executors;
  LongReads reads(executors, kHundred);
  {
    LongReads::Held large = reads.hold("ada");
    CHECK(large.grow_to(70));
    CHECK(large.grow_to(700));
    CHECK(word_of(reads.hold("ben").grow_to(1)) == "too_much_at_once");
  }
  LongReads::Held small = reads.hold("ben");
  CHECK(small.grow_to(1));
  CHECK(word_of(reads.hold("ada").grow_to(700)) == "too_much_at_once");
}

TEST_CASE("one account has so many bundles on their way, and the next one when one has arrived", "[long_reads]") {
  Executors executors;
  LongReads reads(executors, kHundred);
  auto first = std::make_unique<Result<LongReads::Held>>(reads.hold_bundle("ada"));
  const auto second = reads.hold_bundle("ada");
  CHECK(reads.hold_bundle("ada").error().word == "too_many_bundles");
  CHECK(reads.hold_bundle("ben"));
  CHECK(reads.hold("ada").grow_to(10));
  first.reset();
  CHECK(reads.hold_bundle("ada"));
}

TEST_CASE("a bundle's statements are given back when only its track files are left", "[long_reads]") {
  ServiceParts parts;
  LongReads reads(parts.executors, kHundred);
  LongReads::Held held = reads.hold_bundle("ada").value();
  REQUIRE(held.grow_to(100));
  consent::BundleContents contents;
  contents.recording = std::string(32, 'a');
  contents.tracks.push_back({"t001-0123456789abcdef-f001.webm.age", 1'000'000});
  const auto folder = parts.folder.path() / "blobs" / contents.recording;
  std::filesystem::create_directory(folder);
  std::ofstream(folder / contents.tracks.front().name) << std::string(1'000'000, 'x');
  const auto source = bundle_source(parts.blobs, std::move(contents), std::move(held)).value();
  LongReads::Held other = reads.hold("ben");
  CHECK_FALSE(other.grow_to(1));
  std::vector<std::uint8_t> piece(64 * 1024);
  CHECK(source->read(piece).value() > 0);  // all that is small, and the beginning of the track
  CHECK(other.grow_to(100));
}

TEST_CASE("a list counts while it is sent", "[long_reads]") {
  ServiceParts parts;
  fill(parts, 3);
  LongReads& reads = parts.services.long_reads;
  std::optional<Response> response(
      answer_of(parts, recording_list_routes(parts.services), "/api/v1/recordings", {}).value());
  CHECK_FALSE(reads.hold("ada").grow_to(LongReads::Limits().bytes_of_reader));
  response.reset();
  CHECK(reads.hold("ada").grow_to(LongReads::Limits().bytes_of_reader));
}

TEST_CASE("the fifth bundle of one account is not begun before one of the others is gone", "[long_reads]") {
  ServiceParts parts;
  const std::string recording = fill(parts, 1);
  Meetings meetings(parts.services);
  const auto fetch = [&] {
    return answer_of(parts, recording_routes(parts.services, meetings), "/api/v1/recordings/{recording}/bundle",
                     {recording});
  };
  std::vector<Response> on_their_way;
  for (int i = 0; i < 4; ++i) on_their_way.push_back(fetch().value());
  const auto refused = fetch();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().word == "too_many_bundles");
  on_their_way.pop_back();
  CHECK(fetch());
}

TEST_CASE("a recording with its evidence is one JSON object, and counts while it is sent", "[long_reads]") {
  ServiceParts parts;
  const std::string recording = fill(parts, 1);
  std::optional<Response> response(
      answer_of(parts, recording_list_routes(parts.services), "/api/v1/recordings/{recording}", {recording}).value());
  const Json details = Json::parse(text_of_source(*response->source));
  CHECK(details.at("recording") == recording);
  CHECK(details.at("entries").size() == 1);
  CHECK(details.at("entries").front().at("kind") == "request");
  CHECK(details.at("room_entry").at("kind") == "room");
  LongReads& reads = parts.services.long_reads;
  CHECK_FALSE(reads.hold("ada").grow_to(LongReads::Limits().bytes_of_reader));
  response.reset();
  CHECK(reads.hold("ada").grow_to(LongReads::Limits().bytes_of_reader));
}
