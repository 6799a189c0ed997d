// What was written, compared with what the gate did: no frame outside a permit, none missing inside.
#include <algorithm>
#include <cstdio>

#include "crypto/age.hpp"
#include "random_meeting.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

using consent::Kind;

namespace {

/// A frame is on its way over loopback for no longer than this, even on a machine with too much to do: frames sent
/// this long before the gate opened must not be in the file, frames sent this long before it closed must be.
constexpr std::int64_t kOnTheWay = 1'000'000'000LL * testing::kSlower;

}  // namespace

std::vector<std::string> RandomMeeting::files_of(const TakeName& take, const consent::StatementId& approval) const {
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "t%03u-%s", take.second, approval.hex().substr(0, 16).c_str());
  std::vector<std::string> names;
  const auto listed = house_.blobs.list(take.first.hex());
  for (const std::string& name : listed ? listed.value() : std::vector<std::string>{})
    if (name.starts_with(prefix)) names.push_back(name);
  return names;
}

std::set<FrameName> RandomMeeting::written_in(const consent::RecordingId& recording, const std::string& name,
                                              const Given& given) {
  const auto sealed = read_file(house_.path_of(recording, name));
  const auto plain = crypto::open(sealed, std::span(&given.identity, 1));
  if (!plain) {
    wrong_.push_back(name_ + ": " + name + " does not open: " + plain.error().text);
    return {};
  }
  ++compared_.files;
  const auto view = plain.value().view();
  return frames_in({view.begin(), view.end()});
}

void RandomMeeting::compare(const Opened& take, const consent::Granted& seat) {
  const Given& given = given_.at(seat.approval);
  const TakeName name_of_take{take.permit.recording(), take.permit.take()};
  const bool gone = given.withdrawn || erased_.contains({name_of_take.first, name_of_take.second, seat.approval});
  std::set<FrameName> written;
  for (const std::string& name : files_of(name_of_take, seat.approval)) {
    if (gone) wrong_.push_back(name_ + ": " + name + " is still there after the withdrawal");
    written.merge(written_in(name_of_take.first, name, given));
  }
  compared_.frames += written.size();
  if (gone) {
    ++compared_.erased;
    return;
  }
  for (const Stream stream : {Stream::audio, Stream::video}) compare_stream(take, seat, stream, written);
}

void RandomMeeting::compare_stream(const Opened& take, const consent::Granted& seat, Stream stream,
                                   const std::set<FrameName>& written) {
  const Given& given = given_.at(seat.approval);
  const Kind kind = stream == Stream::audio ? Kind::audio : Kind::video;
  const auto say = [&](const std::string& what) {
    const std::string_view which = stream == Stream::audio ? ", sound: " : ", picture: ";
    wrong_.push_back(name_ + ", take " + std::to_string(take.permit.take()) + std::string(which) + what);
  };
  std::vector<SentFrame> sent;
  for (const SentFrame& frame : given.who->all_sent()) {
    if (frame.name.first == stream) sent.push_back(frame);
  }
  const auto is_written = [&](const SentFrame& frame) { return written.contains(frame.name); };
  const auto of_stream = [&](const FrameName& frame) { return frame.first == stream; };
  if (std::ranges::count_if(sent, is_written) != std::ranges::count_if(written, of_stream)) {
    say("frames that this person never sent");
  }

  const std::int64_t opened_ns = take.permit.opened_at_ns();
  std::int64_t closed_ns = take.permit.closed_at_ns();
  std::int64_t until_ns = closed_ns - kOnTheWay;
  if (const auto revoked = given.revoked_ns.find(kind); revoked != given.revoked_ns.end()) {
    closed_ns = std::min(closed_ns, revoked->second);
    until_ns = std::min(until_ns, revoked->second - 3 * kOnTheWay);  // what still waited in the queue is dropped, too
  }
  for (const SentFrame& frame : sent) {
    if (!is_written(frame)) continue;
    const std::string which = names({frame.name});
    const std::size_t before = wrong_.size();
    if (!seat.scope.contains(kind)) say("not approved, but written:" + which);
    if (frame.sent_ns > closed_ns) say("sent after the gate closed, but written:" + which);
    if (frame.sent_ns < opened_ns - kOnTheWay) say("sent before the gate opened, but written:" + which);
    if (wrong_.size() > before) ++compared_.outside;
  }
  if (!seat.scope.contains(kind)) return;

  // From the first key frame on, nothing is missing as long as the publisher went on and the gate was open.
  for (const auto& live : given.who->live) {
    const std::int64_t since_ns = std::max(opened_ns, live.from_ns);
    const std::int64_t end_ns = std::min(until_ns, live.until_ns - kOnTheWay);
    auto frame = std::ranges::find_if(
        sent, [&](const SentFrame& f) { return f.sent_ns >= since_ns && f.type == FrameType::key; });
    for (; frame != sent.end() && frame->sent_ns < end_ns; ++frame) {
      if (is_written(*frame)) continue;
      const auto ms = [](std::int64_t span_ns) { return std::to_string(span_ns / 1'000'000) + " ms "; };
      say("arrived inside the permit, but missing:" + names({frame->name}) + " (sent " +
          ms(frame->sent_ns - opened_ns) + "after the gate opened and " + ms(closed_ns - frame->sent_ns) +
          "before it closed, " + ms(frame->sent_ns - live.from_ns) + "after the publisher came and " +
          ms(live.until_ns - frame->sent_ns) + "before it went)");
    }
  }
}

}  // namespace unavoce::recorder::test
