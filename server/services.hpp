#pragma once
// What the handlers of the API work with, gathered in one place. Everything is owned by Server (server.cpp) and
// outlives every handler. Control thread, except what is marked: call that only inside `co_await on(executors.database,
// …)`.

#include <chrono>
#include <string>

#include "consent/ledger.hpp"
#include "recorder/recorder.hpp"
#include "server/accounts.hpp"
#include "server/config.hpp"
#include "server/disk_reserve.hpp"
#include "server/executors.hpp"
#include "server/hourly_quota.hpp"
#include "server/log.hpp"
#include "server/long_reads.hpp"
#include "server/password_pool.hpp"
#include "server/rate_limit.hpp"
#include "server/room_index.hpp"
#include "server/service_keys.hpp"
#include "server/web_root.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::server {

struct Services {
  const Config& config;
  const std::string base_url;
  const WebRoot& pages;
  const std::vector<std::string> operator_notices;
  Log& log;
  Executors& executors;
  const crypto::SigningKey& service_key;
  const crypto::NoteVerifier ledger_identity;
  const bool ledger_is_new;   // its key was made by this start
  Accounts& accounts;         // database thread
  RoomIndex& rooms;           // database thread
  consent::Ledger& ledger;    // database thread
  storage::BlobStore& blobs;  // worker threads
  recorder::Recorder& recorder;
  const DiskReserve& reserve;

  PasswordPool passwords{executors.passwords};
  RateLimit logins_by_address{30, std::chrono::seconds(2)};
  RateLimit logins_by_user{8, std::chrono::seconds(30)};
  RateLimit registrations{30, std::chrono::seconds(60)};  // attempts
  HourlyQuota new_accounts{config.max_accounts_per_address};
  // Each offer is a pipeline that goes up. A camera and a screen, switched and reconnected a few times, come at once.
  RateLimit offers_by_participant{8, std::chrono::seconds(2)};
  // Attempts that erase nothing: one that does can be made once for each recording.
  RateLimit erasures_by_user{20, std::chrono::seconds(1)};
  LongReads long_reads{executors};

  /// Runs `job` on the database thread.
  template <class Job>
  auto in_database(Job job) {
    return on(executors.database, std::move(job));
  }
};

}  // namespace unavoce::server
