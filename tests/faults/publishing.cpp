#include "publishing.hpp"

#include <stdexcept>

namespace unavoce::faults {

using recorder::test::Publisher;
using recorder::test::PublisherOptions;
using server::test::Headers;
using server::test::Reply;

std::unique_ptr<Publisher> publish(const server::test::Service& service, const server::test::Json& place) {
  PublisherOptions options;
  options.frames = recorder::test::Frames::numbered;
  options.audio_padding_bytes = 300;
  options.video_padding_bytes = 4000;
  options.address.clear();  // the service, too, uses the machine's addresses
  auto publisher = std::make_unique<Publisher>(options);
  const Headers headers = {{"Authorization", "Bearer " + place.at("token").get<std::string>()},
                           {"Content-Type", "application/sdp"}};
  const Reply answer = service.fetch("POST", place.at("url").get<std::string>(), headers, publisher->offer());
  if (answer.status != 201) throw std::runtime_error("no WHIP session: " + answer.body);
  publisher->accept(answer.body);
  return publisher;
}

}  // namespace unavoce::faults
