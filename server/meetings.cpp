#include "server/meetings.hpp"

namespace unavoce::server {

Task<Result<OpenWebSocket>> Meetings::open_socket(Context) {
  co_return Error(Errc::unavailable, "meetings are not built yet");
}

Task<Result<void>> Meetings::erase_room(std::string room) {
  auto recordings = co_await services_.in_database([&] { return services_.rooms.recordings_in(room); });
  BOOST_OUTCOME_CO_TRY(auto list, std::move(recordings));
  for (const std::string& recording : list) {
    // Keys first: from then on the files are noise, whatever happens to the rest.
    auto erased = co_await services_.in_database([&]() -> Result<void> {
      BOOST_OUTCOME_TRY(services_.ledger.erase_recording(recording));
      return boost::outcome_v2::success();
    });
    BOOST_OUTCOME_CO_TRY(std::move(erased));
    auto files = co_await on(services_.executors.workers, [&] { return services_.blobs.erase_recording(recording); });
    BOOST_OUTCOME_CO_TRY(std::move(files));
    auto removed = co_await services_.in_database([&] { return services_.rooms.remove_recording(recording); });
    BOOST_OUTCOME_CO_TRY(std::move(removed));
  }
  auto gone = co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.ledger.erase_recording(room));
    return services_.rooms.remove_room(room);
  });
  co_return gone;
}

}  // namespace unavoce::server
