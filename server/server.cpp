#include "server/server.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/api.hpp"
#include "server/disk_watch.hpp"
#include "server/http_listener.hpp"
#include "server/meetings.hpp"
#include "server/published_ledger.hpp"
#include "server/request_limit.hpp"
#include "storage/volume.hpp"

namespace unavoce::server {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> operator_notices(const fs::path& folder) {
  std::vector<std::string> texts;
  for (auto& notice : storage::inspect_volume(folder)) {
    // Shown to everybody by GET /config: where exactly the folder lies is nobody's business.
    const auto path = notice.text.find(folder.string());
    if (path != std::string::npos) notice.text.replace(path, folder.string().size(), "The data folder");
    texts.push_back(std::move(notice.text));
  }
  return texts;
}

/// Name of a new ledger: who runs it, and enough of randomness that no two ledgers share a name.
std::string new_ledger_name(const Config& config) {
  const std::string url = public_base_url(config, config.listen_port);
  std::string host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find(':'));
  return host + "/unavoce/" + consent::RecordingId::random().hex().substr(0, 8);
}

OriginPolicy origin_policy(const Config& config, const std::string& base_url, std::uint16_t port) {
  std::vector<std::string> further;
  if (is_loopback(config.listen_address)) {
    const std::string scheme = config.has_tls() ? "https://" : "http://";
    for (const char* host : {"localhost", "127.0.0.1", "[::1]"})
      further.push_back(scheme + host + ":" + std::to_string(port));
  }
  return OriginPolicy(base_url, std::move(further));
}

/// Sound that waits for a picture which was announced and never comes is in RAM only. Together with the jitter buffer,
/// and with a margin for the disk, that must stay below the two seconds that a crash may cost.
std::chrono::milliseconds header_wait(std::chrono::milliseconds latency) {
  using namespace std::chrono_literals;
  return std::clamp<std::chrono::milliseconds>(1600ms - latency, 300ms, 1200ms);
}

recorder::Config recorder_config(const Config& config) {
  recorder::Config out;
  out.public_addresses = config.ice_addresses;
  out.min_port = config.udp_port_min;
  out.max_port = config.udp_port_max;
  out.max_publishers = config.max_publishers;
  out.max_bytes_per_second = std::uint64_t{config.max_mbit_per_publisher} * 1'000'000 / 8;
  out.latency = std::chrono::milliseconds(config.jitter_latency_ms);
  out.header_wait = header_wait(out.latency);
  return out;
}

HttpLimits http_limits(const Config& config) {
  HttpLimits limits;
  limits.connections = {config.max_connections, config.max_connections_per_address};
  limits.trusted_proxies = config.trusted_proxies;
  limits.body_pace.patience = config.body_patience;
  limits.websocket_silence = config.gone_after_silence;
  return limits;
}

/// For the log: as much of the WHIP session's name as tells it from others, without being its address.
std::string pipeline_of(const std::string& resource) {
  return "the WebRTC pipeline of WHIP session " + resource.substr(0, 8) + "…";
}

std::string text_of(const recorder::PipelineHangs& hangs) {
  const std::string pipeline = pipeline_of(hangs.resource);
  if (hangs.seen == recorder::PipelineHangs::Seen::at_the_end)
    return pipeline + " does not end; the service ends without it";
  const bool is_in_session = hangs.seen == recorder::PipelineHangs::Seen::in_session;
  return pipeline + (is_in_session ? " hangs, so that session is ended" : " hangs as it goes down, after its session") +
         ": nobody else waits for it, but its threads and its UDP port are not free before it goes down after all, "
         "or " +
         "the service is started anew";
}

std::string text_of(const recorder::PipelineWentDown& gone) {
  return pipeline_of(gone.resource) + " has gone down after all: its threads and its UDP port are free again";
}

std::string websocket_origin(const std::string& base_url) {
  return (base_url.starts_with("https://") ? "wss://" : "ws://") + base_url.substr(base_url.find("://") + 3);
}

}  // namespace

/// Everything, in the order in which it is made; destroyed the other way round.
struct Server::Parts {
  Parts(Config settings, Log& log_, storage::FileOps& ops_) : config(std::move(settings)), log(log_), ops(ops_) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  /// Jobs under way finish before what they use goes away.
  ~Parts() {
    *ending = "a job that reads or writes the databases";
    executors.database.join();
    *ending = "a job that reads or writes recorded files";
    executors.workers.join();
    *ending = "passwords that are being checked";
    executors.passwords.join();
    *ending = "the recorder, perhaps for a pipeline that does not go down";
  }

  Result<void> open_storage();
  Result<void> open_recorder();
  Result<void> open_network();
  Result<void> compare();
  Result<void> recover();
  Result<void> run_until_done(Task<Result<void>> task, const char* if_it_throws);
  Task<void> keep_sweeping();
  Task<void> end();
  void end_once();
  void give_up(const Error& why);

  Config config;
  Log& log;
  storage::FileOps& ops;
  std::string base_url;
  WebRoot pages;
  std::vector<std::string> notices;
  std::optional<ServiceKeys> keys;
  std::optional<crypto::NoteVerifier> ledger_identity;
  std::optional<storage::Database> database;
  std::optional<storage::ErasureSlots> slots;
  std::optional<storage::BlobStore> blobs;
  std::optional<consent::Ledger> ledger;
  std::optional<Accounts> accounts;
  std::optional<RoomIndex> rooms;

  Executors executors;
  std::optional<DiskWatch> disk;
  std::unique_ptr<recorder::Recorder> recorder;
  std::unique_ptr<Services> services;
  std::unique_ptr<Meetings> meetings;
  std::unique_ptr<PublishedLedger> published;
  std::unique_ptr<Router> router;
  std::unique_ptr<RequestLimit> request_limit;
  std::unique_ptr<HttpListener> listener;
  std::optional<asio::steady_timer> next_sweep;
  enum class Phase { serving, ending } phase = Phase::serving;
  std::optional<Error> ended_because;
  const std::shared_ptr<Ending> ending =
      std::make_shared<Ending>("the control thread, which is busy with a request or an event");
};

/// GStreamer is looked for here: a missing plugin is the operator's business, not a crash.
Result<void> Server::Parts::open_recorder() {
  auto to_meetings = [this](recorder::Event event) {
    // Here, because the last ones come when nobody runs the control thread any more.
    if (const auto* hangs = std::get_if<recorder::PipelineHangs>(&event)) return log.error(text_of(*hangs));
    if (const auto* gone = std::get_if<recorder::PipelineWentDown>(&event)) return log.info(text_of(*gone));
    asio::post(executors.control, [this, event = std::move(event)] {
      try {
        meetings->hear(event);
      } catch (const std::exception& failure) {  // what throws here would end the service
        log.error(std::string("what the recorder told could not be worked off: ") + failure.what());
      }
    });
  };
  try {
    recorder = std::make_unique<recorder::Recorder>(recorder_config(config), *blobs, std::move(to_meetings));
  } catch (const std::exception& failure) {
    return Error(Errc::config, std::string("the recorder cannot start: ") + failure.what());
  }
  return boost::outcome_v2::success();
}

/// On the control thread, before anything is served.
Result<void> Server::Parts::run_until_done(Task<Result<void>> task, const char* if_it_throws) {
  std::optional<Result<void>> done;
  const Error failed(Errc::unavailable, if_it_throws);  // like a crash: starting again may do
  executors.control.restart();  // it stopped if a pool let go of the last job of what ran before
  auto keep = [](Task<Result<void>> inner, std::optional<Result<void>>& outcome) -> Task<void> {
    outcome.emplace(co_await std::move(inner));
  };
  asio::co_spawn(executors.control, keep(std::move(task), done), [&](const std::exception_ptr& failure) {
    if (failure) done.emplace(failed);
  });
  // Not until nothing is left to do: what the disk refuses is tried again while the service runs.
  while (!done && executors.control.run_one() != 0) {
  }
  return done ? std::move(*done) : Result<void>(failed);
}

/// A ledger that was rolled back must not be written to: first of all.
Result<void> Server::Parts::compare() {
  return run_until_done(published->compare(), "the ledger could not be compared with what others have seen of it");
}

Result<void> Server::Parts::recover() {
  log.debug("recovery begins");  // from this line on tests/crash aims its kills, until no seal is owed
  auto recovered = run_until_done(meetings->recover(), "what was left from the last run could not be finished");
  log.debug("recovery is over");
  return recovered;
}

Task<void> Server::Parts::keep_sweeping() {
  std::chrono::milliseconds pause = config.come_back_within;
  for (;;) {
    next_sweep->expires_after(pause);
    boost::system::error_code cancelled;
    co_await next_sweep->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    co_await meetings->sweep();
    pause = config.sweep_every;
  }
}

Task<void> Server::Parts::end() {
  *ending = "recordings that are being ended and sealed";
  listener->stop_accepting();
  next_sweep->cancel();
  disk->stop();
  published->stop();
  co_await meetings->end_all();
  *ending = "what is left to publish of the ledger: a witness, or the disk of ledger_checkpoint_copy";
  co_await published->finish();
  listener->close_all();
  executors.control.stop();
}

/// A second call does not wait for the first one.
void Server::Parts::end_once() {
  if (std::exchange(phase, Phase::ending) == Phase::ending) return executors.control.stop();
  asio::co_spawn(executors.control, end(), asio::detached);
}

/// Two ledgers of one name: this service ends, and does not start again until somebody has looked (Witnesses::compare).
void Server::Parts::give_up(const Error& why) {
  log.error("the service ends: " + why.text);
  ended_because = why;
  if (phase == Phase::serving) end_once();
}

Result<void> Server::Parts::open_storage() {
  const fs::path& folder = config.data_folder;
  BOOST_OUTCOME_TRY(make_data_folder(folder));
  notices = operator_notices(folder);
  const fs::path web_root = config.web_root.empty() ? default_web_root() : config.web_root;
  std::error_code unseen;
  if (fs::exists(web_root, unseen) || unseen) {  // what hides it, load() says
    BOOST_OUTCOME_TRY(auto loaded, WebRoot::load(web_root));
    pages = std::move(loaded);
  }
  if (pages.empty())
    log.warning("no pages in " + web_root.string() + ": only the API is served; build them or set web_root");
  BOOST_OUTCOME_TRY(auto opened_keys, ServiceKeys::open(folder, new_ledger_name(config), ops));
  keys.emplace(std::move(opened_keys));
  ledger_identity = keys->ledger.verifier();
  BOOST_OUTCOME_TRY(auto opened_slots, storage::ErasureSlots::open(folder / "slots", ops));
  slots.emplace(std::move(opened_slots));
  BOOST_OUTCOME_TRY(auto opened_blobs, storage::BlobStore::open(folder / "blobs", ops));
  blobs.emplace(std::move(opened_blobs));
  disk.emplace(config.disk_reserve_mib, *blobs, executors, log);
  BOOST_OUTCOME_TRY(auto ledger_database, storage::Database::open(folder / "ledger.db", ops));
  BOOST_OUTCOME_TRY(auto opened_ledger,
                    consent::Ledger::open(std::move(ledger_database), *slots, std::move(keys->ledger)));
  ledger.emplace(std::move(opened_ledger));
  if (ledger->lost_slots() > 0) {
    log.error(std::to_string(ledger->lost_slots()) + " erasure slots that the ledger knows are missing in " +
              (folder / "slots").string() + ": what they could open is lost, and counts as erased. If the file was " +
              "replaced or its disk is not mounted, stop the service and put the right one back first");
  }
  BOOST_OUTCOME_TRY(auto opened_database, storage::Database::open(folder / "unavoce.db", ops));
  database.emplace(std::move(opened_database));
  BOOST_OUTCOME_TRY(auto opened_accounts, Accounts::open(*database));
  accounts.emplace(std::move(opened_accounts));
  BOOST_OUTCOME_TRY(auto opened_rooms, RoomIndex::open(*database));
  rooms.emplace(std::move(opened_rooms));
  return boost::outcome_v2::success();
}

Result<void> Server::Parts::open_network() {
  std::optional<TlsFiles> tls;
  if (config.has_tls()) tls = TlsFiles{config.tls_certificate.string(), config.tls_key.string()};
  BOOST_OUTCOME_TRY(auto opened, HttpListener::open(executors.control, executors.workers, config.listen_address,
                                                    config.listen_port, tls, http_limits(config), log));
  listener = std::move(opened);
  next_sweep.emplace(executors.control);
  base_url = public_base_url(config, listener->port());
  services.reset(new Services{config, base_url, pages, notices, log, executors, keys->service, *ledger_identity,
                              keys->ledger_is_new, *accounts, *rooms, *ledger, *blobs, *recorder, disk->reserve()});
  meetings = std::make_unique<Meetings>(*services);
  published = std::make_unique<PublishedLedger>(*services, [this](const Error& why) { give_up(why); });
  std::vector<Route> routes;
  for (auto& part : {service_routes(*services), account_routes(*services, *meetings), room_routes(*services, *meetings),
                     statement_routes(*services, *meetings), recording_routes(*services, *meetings),
                     recording_list_routes(*services), whip_routes(*services, *meetings), ledger_routes(*published)}) {
    routes.insert(routes.end(), part.begin(), part.end());
  }
  router = std::make_unique<Router>(
      std::move(routes), [this](Context context) { return meetings->open_socket(std::move(context)); },
      login_finder(*services), origin_policy(config, base_url, listener->port()), pages, websocket_origin(base_url),
      log);
  request_limit = std::make_unique<RequestLimit>(*router, config.max_requests_per_second);
  return boost::outcome_v2::success();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Config config, Log& log, storage::FileOps& ops) {
  BOOST_OUTCOME_TRY(check_config(config));
  auto parts = std::make_unique<Parts>(std::move(config), log, ops);
  BOOST_OUTCOME_TRY(parts->open_storage());
  BOOST_OUTCOME_TRY(parts->open_recorder());
  BOOST_OUTCOME_TRY(parts->open_network());
  BOOST_OUTCOME_TRY(parts->compare());
  BOOST_OUTCOME_TRY(parts->recover());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::port() const {
  return parts_->listener->port();
}
const std::string& Server::base_url() const {
  return parts_->base_url;
}
const std::optional<Error>& Server::failure() const {
  return parts_->ended_because;
}
const std::vector<std::string>& Server::notices() const {
  return parts_->notices;
}

std::vector<Endpoint> Server::endpoints() const {
  std::vector<Endpoint> list{{"GET", std::string(kRoomSocket), Endpoint::For::anyone, 0}};
  for (const Route& route : parts_->router->routes()) {
    const auto who = route.access == Access::host ? Endpoint::For::host : Endpoint::For::anyone;
    list.push_back({std::string(method_name(route.method)), std::string(route.pattern), who, route.body_limit_bytes});
  }
  return list;
}

void Server::run() {
  parts_->listener->start(*parts_->request_limit);
  asio::co_spawn(parts_->executors.control, parts_->keep_sweeping(), asio::detached);
  asio::co_spawn(
      parts_->executors.control,
      parts_->disk->run(parts_->config.look_at_disk_every, [parts = parts_.get()] { parts->meetings->disk_is_low(); }),
      asio::detached);
  // When a pool let go of the last job of recover(), the context ran out of work and stopped. From here on there is
  // always some.
  parts_->executors.control.restart();
  asio::co_spawn(parts_->executors.control, parts_->published->run(), asio::detached);
  asio::co_spawn(parts_->executors.control, parts_->published->keep_copy(), asio::detached);
  parts_->executors.control.run();
}

std::shared_ptr<const Server::Ending> Server::ending() const {
  return parts_->ending;
}

void Server::stop() {
  asio::post(parts_->executors.control, [parts = parts_.get()] { parts->end_once(); });
}

Result<void> make_data_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (!error) return boost::outcome_v2::success();
  return Error(code_of_os_error(error.value()),
               "cannot make the data folder " + folder.string() + ": " + error.message());
}

Result<std::string> make_invitation(const Config& config) {
  BOOST_OUTCOME_TRY(make_data_folder(config.data_folder));
  BOOST_OUTCOME_TRY(auto database, storage::Database::open(config.data_folder / "unavoce.db"));
  BOOST_OUTCOME_TRY(auto accounts, Accounts::open(database));
  Token code = Token::random();
  BOOST_OUTCOME_TRY(accounts.add_invitation(code.sha256));
  return std::move(code.text);
}

}  // namespace unavoce::server
