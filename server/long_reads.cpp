#include "server/long_reads.hpp"

#include <mutex>

namespace unavoce::server {

struct LongReads::Books {
  struct Reader {
    std::uint64_t bytes = 0;
    unsigned answers = 0;  ///< that are being made or sent
    unsigned bundles = 0;  ///< of these
  };

  explicit Books(Limits limits_) : limits(limits_) {}

  const Limits limits;
  std::mutex mutex;
  std::uint64_t bytes = 0;
  std::map<std::string, Reader> readers;
};

LongReads::Held::Held(std::shared_ptr<Books> books, std::string reader, What what)
    : books_(std::move(books)), reader_(std::move(reader)), what_(what) {}

LongReads::Held::Held(Held&&) noexcept = default;

LongReads::Held& LongReads::Held::operator=(Held&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  books_ = std::move(other.books_);
  reader_ = std::move(other.reader_);
  what_ = other.what_;
  bytes_ = other.bytes_;
  return *this;
}

LongReads::Held::~Held() {
  give_back();
}

void LongReads::Held::give_back() noexcept {
  if (!books_) return;  // moved from
  shrink_to(0);
  const std::lock_guard lock(books_->mutex);
  const auto reader = books_->readers.find(reader_);
  if (what_ == What::bundle) --reader->second.bundles;
  if (--reader->second.answers == 0) books_->readers.erase(reader);
}

Result<void> LongReads::Held::grow_to(std::uint64_t bytes) {
  const std::lock_guard lock(books_->mutex);
  if (bytes <= bytes_) return boost::outcome_v2::success();
  Books::Reader& reader = books_->readers.at(reader_);
  const auto is_too_much = [&](std::uint64_t all, std::uint64_t limit) {
    const std::uint64_t others = all - bytes_;
    return others != 0 && others + bytes > limit;
  };
  const bool is_everybodys = reader.bytes - bytes_ + bytes <= books_->limits.bytes_of_everybody;
  if (!is_everybodys &&
      (is_too_much(reader.bytes, books_->limits.bytes_of_reader) || is_too_much(books_->bytes, books_->limits.bytes))) {
    return Error(Errc::unavailable,
                 "lists, recordings and bundles that are on their way hold as much memory as they may; try again when "
                 "one of them has arrived",
                 "too_much_at_once");
  }
  reader.bytes += bytes - bytes_;
  books_->bytes += bytes - bytes_;
  bytes_ = bytes;
  return boost::outcome_v2::success();
}

void LongReads::Held::shrink_to(std::uint64_t bytes) noexcept {
  const std::lock_guard lock(books_->mutex);
  if (bytes >= bytes_) return;
  books_->readers.find(reader_)->second.bytes -= bytes_ - bytes;
  books_->bytes -= bytes_ - bytes;
  bytes_ = bytes;
}

LongReads::LongReads(Executors& executors, Limits limits)
    : executors_(executors), books_(std::make_shared<Books>(limits)) {}

LongReads::Held LongReads::hold(const std::string& reader) {
  const std::lock_guard lock(books_->mutex);
  ++books_->readers[reader].answers;
  return {books_, reader, Held::What::bytes};
}

Result<LongReads::Held> LongReads::hold_bundle(const std::string& reader) {
  const std::lock_guard lock(books_->mutex);
  const auto known = books_->readers.find(reader);
  if (known != books_->readers.end() && known->second.bundles >= books_->limits.bundles_of_reader) {
    return Error(Errc::rate_limited,
                 "one account fetches at most " + std::to_string(books_->limits.bundles_of_reader) +
                     " bundles at once; try again when one of them has arrived",
                 "too_many_bundles");
  }
  Books::Reader& counted = books_->readers[reader];
  ++counted.answers;
  ++counted.bundles;
  return Held(books_, reader, Held::What::bundle);
}

Task<void> LongReads::wait_for_turn(std::string reader) {
  if (!reader_) {
    reader_ = std::move(reader);
    co_return;
  }
  const auto turn = std::make_shared<Signal>(executors_.control);
  Waiting& queue = waiting_[reader];
  if (queue.empty() && reader != *reader_) round_.push_back(reader);
  queue.push_back(turn);
  while (!turn->is_set()) co_await turn->wait();
}

void LongReads::pass_turn() {
  // Behind those who came meanwhile: whoever asks piece by piece is served as often as who asked for all at once.
  if (waiting_.contains(*reader_)) round_.push_back(*reader_);
  reader_.reset();
  if (round_.empty()) return;
  reader_ = std::move(round_.front());
  round_.pop_front();
  const auto queue = waiting_.find(*reader_);
  const std::shared_ptr<Signal> turn = std::move(queue->second.front());
  queue->second.pop_front();
  if (queue->second.empty()) waiting_.erase(queue);
  turn->set();
}

}  // namespace unavoce::server
