#include "server/accounts.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>

#include "crypto/random.hpp"
#include "server/sqlite_guard.hpp"

namespace unavoce::server {
namespace {

constexpr std::array<std::string_view, 1> kSteps = {R"(
  CREATE TABLE accounts (
    user TEXT PRIMARY KEY, email TEXT NOT NULL, password_hash TEXT NOT NULL, registered_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE logins (
    token_sha256 BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES accounts(user) ON DELETE CASCADE,
    expires_ms INTEGER NOT NULL) STRICT;
  CREATE INDEX logins_user ON logins(user);
  CREATE TABLE invitations (code_sha256 BLOB PRIMARY KEY) STRICT;
)"};

void bind_digest(SQLite::Statement& statement, int index, const crypto::Digest& digest) {
  statement.bind(index, digest.data(), static_cast<int>(digest.size()));
}

const auto kOk = boost::outcome_v2::success();

}  // namespace

Token Token::random() {
  const auto bytes = crypto::random_array<32>();
  std::string text = crypto::to_base64url(bytes);
  const crypto::Digest digest = token_sha256(text);
  return {std::move(text), digest};
}

crypto::Digest token_sha256(std::string_view text) {
  return crypto::sha256(crypto::as_bytes(text));
}

Result<void> check_user(std::string_view user) {
  const bool right_size = user.size() >= 2 && user.size() <= 40;
  const bool right_letters =
      user.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
  if (right_size && right_letters) return kOk;
  return Error(Errc::malformed, "a user name has 2 to 40 characters out of a-z, 0-9, '.', '_' and '-'", "bad_user");
}

Result<void> check_email(std::string_view email) {
  const auto at = email.find('@');
  const bool shape = at != std::string_view::npos && at > 0 && at + 1 < email.size() && email.size() <= 254;
  if (shape && email.find_first_of(" \t\r\n<>") == std::string_view::npos) return kOk;
  return Error(Errc::malformed, "this is not an e-mail address", "bad_email");
}

Result<void> check_password(std::string_view password) {
  if (password.size() >= 10 && password.size() <= 1024) return kOk;
  return Error(Errc::malformed, "a password has at least 10 characters", "bad_password");
}

Result<Accounts> Accounts::open(storage::Database& database) {
  BOOST_OUTCOME_TRY(database.migrate("accounts", kSteps));
  return Accounts(database);
}

Result<void> Accounts::create(const Account& account, const std::optional<Invitation>& invitation) {
  return guard([&]() -> Result<void> {
    SQLite::Transaction transaction(database_->handle(), SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement exists(database_->handle(), "SELECT 1 FROM accounts WHERE user = ?");
    exists.bind(1, account.user);
    if (exists.executeStep()) return Error(Errc::conflict, "this user name is taken", "user_exists");
    if (invitation) {
      SQLite::Statement use(database_->handle(), "DELETE FROM invitations WHERE code_sha256 = ?");
      bind_digest(use, 1, invitation->sha256);
      if (use.exec() != 1) return Error(Errc::forbidden, "this invitation is unknown or was used", "bad_invitation");
    }
    SQLite::Statement insert(database_->handle(), "INSERT INTO accounts VALUES (?, ?, ?, ?)");
    insert.bind(1, account.user);
    insert.bind(2, account.email);
    insert.bind(3, account.password_hash);
    insert.bind(4, account.registered.value);
    insert.exec();
    transaction.commit();
    return kOk;
  });
}

Result<std::optional<Account>> Accounts::find(std::string_view user) {
  return guard([&]() -> Result<std::optional<Account>> {
    SQLite::Statement select(database_->handle(),
                             "SELECT email, password_hash, registered_ms FROM accounts WHERE user = ?");
    select.bind(1, std::string(user));
    if (!select.executeStep()) return std::optional<Account>();
    return std::optional<Account>(Account{std::string(user), select.getColumn(0).getString(),
                                          select.getColumn(1).getString(),
                                          consent::TimeMs{select.getColumn(2).getInt64()}});
  });
}

Result<void> Accounts::remove(std::string_view user) {
  return guard([&]() -> Result<void> {
    SQLite::Statement erase(database_->handle(), "DELETE FROM accounts WHERE user = ?");
    erase.bind(1, std::string(user));
    erase.exec();
    return kOk;
  });
}

Result<void> Accounts::add_login(const crypto::Digest& token, std::string_view user, consent::TimeMs now,
                                 consent::SpanMs lasts) {
  return guard([&]() -> Result<void> {
    SQLite::Transaction transaction(database_->handle(), SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement expire(database_->handle(), "DELETE FROM logins WHERE expires_ms <= ?");
    expire.bind(1, now.value);
    expire.exec();
    SQLite::Statement insert(database_->handle(), "INSERT INTO logins VALUES (?, ?, ?)");
    bind_digest(insert, 1, token);
    insert.bind(2, std::string(user));
    insert.bind(3, (now + lasts).value);
    insert.exec();
    transaction.commit();
    return kOk;
  });
}

Result<std::optional<std::string>> Accounts::login(const crypto::Digest& token, consent::TimeMs now) {
  return guard([&]() -> Result<std::optional<std::string>> {
    SQLite::Statement select(database_->handle(), "SELECT user, expires_ms FROM logins WHERE token_sha256 = ?");
    bind_digest(select, 1, token);
    if (!select.executeStep()) return std::optional<std::string>();
    if (select.getColumn(1).getInt64() > now.value) return std::optional<std::string>(select.getColumn(0).getString());
    select.reset();
    BOOST_OUTCOME_TRY(remove_login(token));
    return std::optional<std::string>();
  });
}

Result<void> Accounts::remove_login(const crypto::Digest& token) {
  return guard([&]() -> Result<void> {
    SQLite::Statement erase(database_->handle(), "DELETE FROM logins WHERE token_sha256 = ?");
    bind_digest(erase, 1, token);
    erase.exec();
    return kOk;
  });
}

Result<void> Accounts::add_invitation(const crypto::Digest& code) {
  return guard([&]() -> Result<void> {
    SQLite::Statement insert(database_->handle(), "INSERT INTO invitations VALUES (?)");
    bind_digest(insert, 1, code);
    insert.exec();
    return kOk;
  });
}

}  // namespace unavoce::server
