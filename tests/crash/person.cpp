#include "person.hpp"

#include <array>
#include <chrono>
#include <thread>

#include "recorder/monotonic.hpp"
#include "tests/patience.hpp"
#include "tests/program.hpp"

namespace unavoce::crash {

using namespace server::test;
using recorder::test::Has;
using recorder::test::Publisher;
using recorder::test::PublisherOptions;

namespace {

/// A numbered frame of sound has 22 bytes of its own: 60 in 20 ms are 24 kbit/s.
constexpr std::size_t kQuietPadding = 38;

PublisherOptions options_of(Media media) {
  PublisherOptions options;
  options.frames = recorder::test::Frames::numbered;
  options.address.clear();  // the service, too, uses the machine's addresses
  options.audio_padding_bytes = kQuietPadding;
  if (media == Media::quiet_voice) options.video = Has::no;
  if (media == Media::camera) options.video_padding_bytes = 4000;
  return options;
}

crypto::SigningKey copy_of(const crypto::SigningKey& key) {
  return crypto::SigningKey::from_seed(key.seed().view()).value();
}

/// The checkpoint that an answer's proof leads to.
consent::Checkpoint checkpoint_of(const Reply& reply) {
  const auto proof = consent::parse_proof(Json::parse(reply.body).at("proof").get<std::string>()).value();
  return consent::parse_checkpoint(proof.checkpoint.substr(0, proof.checkpoint.find("\n\n") + 1)).value();
}

void expect_created(const Reply& reply, const std::string& what) {
  if (reply.status != 201) throw std::runtime_error(what + ": " + std::to_string(reply.status) + " " + reply.body);
}

}  // namespace

Person::Person(const Host& host, Attendee::As as, std::string name, Media media)
    : host_(host), as_(as), name_(std::move(name)), media_(media) {}

Person::~Person() = default;

void Person::join(Dice& dice) {
  Attendee::Entrance entrance;
  if (key_ && dice.one_in(2)) entrance = {.key = &*key_, .resume = resume_};
  seat_ = std::make_unique<Attendee>(host_, as_, name_, entrance);
  key_ = copy_of(seat_->key);
  resume_ = seat_->welcome.at("resume").get<std::string>();
}

void Person::approve(Chronicle& chronicle) {
  seat_->wait_for_request();
  const auto body = seat_->approval({consent::Kind::audio, consent::Kind::video});
  // Written down before it is sent: it may be in the ledger although no answer comes.
  chronicle.answers.push_back({.id = consent::id_of(body),
                               .recording = body.recording,
                               .key = body.key,
                               .e = std::move(*seat_->consent_key),
                               .has_picture = media_ == Media::camera});
  const std::size_t place = chronicle.answers.size() - 1;
  chronicle.gate_may_open();
  const Reply reply = post_statement(host_.server, consent::sign_statement(body, seat_->key), {}, seat_->wrapped);
  expect_created(reply, name_ + " could not approve");
  live_ = place;
  chronicle.answers[place].acknowledged = true;
  chronicle.acknowledged.push_back({body.recording, consent::id_of(body)});
  chronicle.checkpoints.push_back(checkpoint_of(reply));
  publish(chronicle.answers[place], Json::parse(reply.body).at("publish"));
}

void Person::publish(Answer& answer, const Json& place) {
  publisher_ = std::make_unique<Publisher>(options_of(media_));
  if (media_ == Media::covered_camera) publisher_->mute_video(Has::yes);
  const Headers headers = {{"Authorization", "Bearer " + place.at("token").get<std::string>()},
                           {"Content-Type", "application/sdp"}};
  const Reply reply = host_.server.fetch("POST", place.at("url").get<std::string>(), headers, publisher_->offer());
  expect_created(reply, name_ + " could not publish under " + answer.id.hex());
  publisher_->accept(reply.body);
}

void Person::withdraw(Chronicle& chronicle) {
  const std::string envelope = seat_->withdrawal();
  const auto id = consent::parse_statement<consent::Withdrawal>(envelope).value().id;
  const auto recording = seat_->request->body.recording;
  chronicle.withdrawals.push_back({id, recording, seat_->key.public_key(), envelope, false});
  chronicle.windows_end(recorder::monotonic_ns());
  const std::size_t place = chronicle.withdrawals.size() - 1;
  key_.reset();
  const Reply reply = post_statement(host_.server, envelope);
  expect_created(reply, name_ + " could not withdraw");
  chronicle.gate_is_closed();
  chronicle.withdrawals[place].acknowledged = true;
  chronicle.acknowledged.push_back({recording, id});
  chronicle.checkpoints.push_back(checkpoint_of(reply));
}

void Person::leave(Chronicle& chronicle) {
  seat_.reset();
  stop_sending(chronicle);
}

void Person::stop_sending(Chronicle& chronicle) {
  if (publisher_ && live_) {
    Answer& answer = chronicle.answers[*live_];
    answer.connected_ns = publisher_->connected_ns();
    answer.sent = publisher_->numbered();
  }
  publisher_.reset();
  live_.reset();
}

void Person::listen() {
  seat_->send({{"type", "ping"}});
  seat_->wait_for("pong");
}

std::uint32_t Person::await_open(Chronicle& chronicle) {
  listen();  // what was open before may be closed by now
  seat_->wait_for_gate("open");
  const std::uint32_t take = seat_->gate.at("take");
  if (live_) chronicle.answers[*live_].windows.push_back({take, recorder::monotonic_ns(), 0});
  return take;
}

void Person::await_media(const Chronicle& chronicle, const std::filesystem::path& blobs) {
  const Answer& answer = chronicle.answers.at(live_.value());
  std::array<char, 8> take{};
  std::snprintf(take.data(), take.size(), "t%03u-", answer.windows.back().take);
  const auto name = take.data() + answer.id.hex().substr(0, 16) + "-f001.webm";
  const auto folder = blobs / answer.recording.hex();
  const auto deadline = std::chrono::steady_clock::now() + testing::patience(std::chrono::seconds(60));
  for (;;) {
    std::error_code ignored;  // it may be replaced at this moment
    if (std::filesystem::file_size(folder / (name + ".age"), ignored) > 2 * crypto::chunk_bytes) return;
    const auto tail = crypto::open(testing::read_file(folder / (name + ".tail.age")), std::span(&answer.e, 1));
    if (tail && !recorder::test::frames_in({tail.value().view().begin(), tail.value().view().end()}).empty()) return;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no media of " + name_);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace unavoce::crash
