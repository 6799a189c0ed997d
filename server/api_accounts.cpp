// /accounts, /login, /logout, /account: host accounts.

#include "crypto/password.hpp"
#include "server/api.hpp"
#include "server/client_address.hpp"
#include "server/clock.hpp"
#include "server/json_input.hpp"
#include "server/meetings.hpp"

namespace unavoce::server {
namespace {

constexpr consent::SpanMs kLoginLasts{std::int64_t{30} * 24 * 3600 * 1000};

/// This copy of a password, wiped whichever way its reader is left. What the request's body, the JSON reader and the
/// connection held of it is freed, not wiped.
struct Wiped {
  explicit Wiped(std::string& password_) : password(password_) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { crypto::wipe(password); }
  std::string& password;
};

std::string login_cookie(const Services& services, std::string_view value, std::int64_t max_age_s) {
  std::string cookie = std::string(kLoginCookie) + "=" + std::string(value) +
                       "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(max_age_s);
  if (services.base_url.starts_with("https://")) cookie += "; Secure";
  return cookie;
}

Task<Result<Response>> logged_in(Services& services, std::string user, unsigned status) {
  const Token token = Token::random();
  auto stored = co_await services.in_database(
      [&] { return services.accounts.add_login(token.sha256, user, wall_time(), kLoginLasts); });
  BOOST_OUTCOME_CO_TRY(std::move(stored));
  co_return json_response(status, {{"user", user}})
      .with("Set-Cookie", login_cookie(services, token.text, kLoginLasts.value / 1000));
}

/// An account with this password, which is wiped as soon as it is not needed any more.
Task<Result<void>> add_account(Services& services, Account account, std::string& password,
                               std::optional<Accounts::Invitation> invitation) {
  std::optional<crypto::Result<std::string>> hash;
  const std::function<void()> job = [&] { hash.emplace(crypto::hash_password(password)); };
  auto ran = co_await services.passwords.run(job);
  crypto::wipe(password);
  BOOST_OUTCOME_CO_TRY(std::move(ran));
  if (!hash->has_value()) co_return Error(Errc::unavailable, hash->error().text);
  account.password_hash = std::move(*hash).value();
  account.registered = wall_time();
  auto created = co_await services.in_database([&] { return services.accounts.create(account, invitation); });
  co_return created;
}

Task<Result<Response>> create_account(Services& services, Context context) {
  if (services.config.registration == Registration::closed) {
    co_return Error(Errc::forbidden, "this service takes no new accounts", "registration_closed");
  }
  BOOST_OUTCOME_CO_TRY(
      services.registrations.take(shorten_address(context.request.remote_address), std::chrono::steady_clock::now()));
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"user", "email", "password", "invitation"}));
  BOOST_OUTCOME_CO_TRY(auto user, input.text("user", 100));
  BOOST_OUTCOME_CO_TRY(auto email, input.text("email", 300));
  BOOST_OUTCOME_CO_TRY(auto password, input.text("password", 2000));
  const Wiped wiped(password);
  BOOST_OUTCOME_CO_TRY(auto code, input.optional_text("invitation", 100));
  BOOST_OUTCOME_CO_TRY(check_user(user));
  BOOST_OUTCOME_CO_TRY(check_email(email));
  BOOST_OUTCOME_CO_TRY(check_password(password));
  std::optional<Accounts::Invitation> invitation;
  if (services.config.registration == Registration::invitation) {
    if (!code) co_return Error(Errc::forbidden, "an invitation is needed; ask the operator", "invitation_needed");
    invitation = Accounts::Invitation{token_sha256(*code)};
  }
  const std::string address = address_group(context.request.remote_address);
  if (const auto wait = services.new_accounts.take(address, std::chrono::steady_clock::now())) {
    Error refused(Errc::rate_limited,
                  "as many accounts as one address may make in an hour were made from yours; try again later, or ask "
                  "the operator",
                  "too_many_accounts");
    refused.retry_after_s = static_cast<unsigned>(wait->count());
    co_return refused;
  }
  Account account{user, email, {}, {}};
  auto added = co_await add_account(services, std::move(account), password, invitation);
  if (!added) services.new_accounts.give_back(address);
  BOOST_OUTCOME_CO_TRY(std::move(added));
  co_return co_await logged_in(services, std::move(user), 201);
}

/// Checks a password; the answer takes as long for users that do not exist.
Task<Result<void>> check_credentials(Services& services, std::string user, std::string password,
                                     std::string remote_address) {
  const Wiped wiped(password);
  const auto now = std::chrono::steady_clock::now();
  BOOST_OUTCOME_CO_TRY(services.logins_by_address.take(shorten_address(remote_address), now));
  BOOST_OUTCOME_CO_TRY(services.logins_by_user.take(user, now));
  auto account = co_await services.in_database([&] { return services.accounts.find(user); });
  BOOST_OUTCOME_CO_TRY(auto found, std::move(account));
  bool is_right = false;
  const std::function<void()> job = [&] {
    is_right = crypto::verify_password(found ? found->password_hash : crypto::nobodys_password_hash(), password);
  };
  auto ran = co_await services.passwords.run(job);
  crypto::wipe(password);
  BOOST_OUTCOME_CO_TRY(std::move(ran));
  if (!found || !is_right) {
    co_return Error(Errc::unauthorised, "user name or password is wrong", "wrong_credentials");
  }
  services.logins_by_user.forget(user);
  co_return boost::outcome_v2::success();
}

Task<Result<Response>> log_in(Services& services, Context context) {
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"user", "password"}));
  BOOST_OUTCOME_CO_TRY(auto user, input.text("user", 100));
  BOOST_OUTCOME_CO_TRY(auto password, input.text("password", 2000));
  auto checked = co_await check_credentials(services, user, std::move(password), context.request.remote_address);
  BOOST_OUTCOME_CO_TRY(std::move(checked));
  co_return co_await logged_in(services, std::move(user), 200);
}

Task<Result<Response>> log_out(Services& services, Meetings& meetings, Context context) {
  const crypto::Digest token = token_sha256(login_token(context.request));
  auto removed = co_await services.in_database([&] { return services.accounts.remove_login(token); });
  BOOST_OUTCOME_CO_TRY(std::move(removed));
  meetings.forget_login(token);
  co_return empty_response(204).with("Set-Cookie", login_cookie(services, "", 0));
}

Task<Result<Response>> show_account(Services& services, Context context) {
  auto account = co_await services.in_database([&] { return services.accounts.find(context.user); });
  BOOST_OUTCOME_CO_TRY(auto found, std::move(account));
  if (!found) co_return Error(Errc::not_found, "this account was deleted");
  co_return json_response(200,
                          {{"user", found->user}, {"email", found->email}, {"registered_ms", found->registered.value}});
}

Task<Result<Response>> delete_account(Services& services, Meetings& meetings, Context context) {
  BOOST_OUTCOME_CO_TRY(auto input, JsonInput::parse(context.request.body, {"password"}));
  BOOST_OUTCOME_CO_TRY(auto password, input.text("password", 2000));
  auto checked =
      co_await check_credentials(services, context.user, std::move(password), context.request.remote_address);
  BOOST_OUTCOME_CO_TRY(std::move(checked));
  auto looked = co_await services.in_database([&] { return services.accounts.find(context.user); });
  BOOST_OUTCOME_CO_TRY(const auto meant, std::move(looked));
  for (;;) {
    // Another device may make a room meanwhile. Nothing stays for whoever takes this name later, and nothing of theirs
    // goes if the account was deleted twice at once.
    auto left = co_await services.in_database([&]() -> Result<std::vector<std::string>> {
      BOOST_OUTCOME_TRY(const auto account, services.accounts.find(context.user));
      const bool is_there = account && meant && account->password_hash == meant->password_hash;
      if (!is_there) return std::vector<std::string>();
      BOOST_OUTCOME_TRY(auto rooms, services.rooms.rooms_of(context.user));
      if (rooms.empty()) {
        BOOST_OUTCOME_TRY(services.accounts.remove(context.user));
      }
      return rooms;
    });
    BOOST_OUTCOME_CO_TRY(const auto rooms, std::move(left));
    if (rooms.empty()) co_return empty_response(204).with("Set-Cookie", login_cookie(services, "", 0));
    for (const std::string& room : rooms) {
      auto erased = co_await meetings.erase_room(room);
      BOOST_OUTCOME_CO_TRY(std::move(erased));
    }
  }
}

}  // namespace

std::vector<Route> account_routes(Services& services, Meetings& meetings) {
  return {
      {Method::post, "/api/v1/accounts", Access::anyone, kSmallBodyBytes,
       [&services](Context context) { return create_account(services, std::move(context)); }},
      {Method::post, "/api/v1/login", Access::anyone, kSmallBodyBytes,
       [&services](Context context) { return log_in(services, std::move(context)); }},
      {Method::post, "/api/v1/logout", Access::host, kSmallBodyBytes,
       [&services, &meetings](Context context) { return log_out(services, meetings, std::move(context)); }},
      {Method::get, "/api/v1/account", Access::host, 0,
       [&services](Context context) { return show_account(services, std::move(context)); }},
      {Method::remove, "/api/v1/account", Access::host, kSmallBodyBytes,
       [&services, &meetings](Context context) { return delete_account(services, meetings, std::move(context)); }},
  };
}

FindLogin login_finder(Services& services) {
  return [&services](std::string token) -> Task<Result<std::string>> {
    const crypto::Digest digest = token_sha256(token);
    auto user = co_await services.in_database([&] { return services.accounts.login(digest, wall_time()); });
    if (!user) services.log.error("log-ins cannot be read: " + user.error().text);
    BOOST_OUTCOME_CO_TRY(auto found, std::move(user));
    co_return found ? std::move(*found) : std::string();
  };
}

Task<Result<std::string>> find_user(Services& services, const Request& request) {
  const std::string token = login_token(request);
  if (token.empty()) co_return std::string();
  const FindLogin find = login_finder(services);
  co_return co_await find(token);
}

}  // namespace unavoce::server
