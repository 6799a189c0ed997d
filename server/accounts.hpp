#pragma once
// Host accounts, their log-ins and the invitations to make one, in `unavoce.db`. Passwords come in as Argon2id hashes,
// tokens as SHA-256: the database alone lets nobody in. Owned by Server; every call blocks and belongs on the database
// thread. Time is passed in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consent/ids.hpp"
#include "crypto/hash.hpp"
#include "server/error.hpp"
#include "storage/database.hpp"

namespace unavoce::server {

struct Account {
  std::string user;
  std::string email;
  std::string password_hash;
  consent::TimeMs registered;
};

/// A secret that its holder shows to prove something; we keep only its hash.
struct Token {
  std::string text;  // 43 characters, 32 random bytes
  crypto::Digest sha256;

  static Token random();
};
crypto::Digest token_sha256(std::string_view text);

/// 2 to 40 of a-z 0-9 . _ - ; at most 254 bytes with an '@'; 10 to 1024 bytes.
Result<void> check_user(std::string_view user);
Result<void> check_email(std::string_view email);
Result<void> check_password(std::string_view password);

class Accounts {
 public:
  /// `database` must outlive this.
  static Result<Accounts> open(storage::Database& database);

  /// What making an account costs: nothing, or an invitation, which is used up in the same transaction.
  struct Invitation {
    crypto::Digest sha256;
  };
  /// Errors: conflict (user exists), forbidden (invitation unknown or used).
  Result<void> create(const Account& account, const std::optional<Invitation>& invitation);
  Result<std::optional<Account>> find(std::string_view user);
  /// Account and log-ins; rooms and recordings are erased before by the caller.
  Result<void> remove(std::string_view user);

  /// Good for so long from now on. Those that have expired by now, of anybody, are removed.
  Result<void> add_login(const crypto::Digest& token, std::string_view user, consent::TimeMs now,
                         consent::SpanMs lasts);
  /// The user a token belongs to, if it has not expired.
  Result<std::optional<std::string>> login(const crypto::Digest& token, consent::TimeMs now);
  Result<void> remove_login(const crypto::Digest& token);

  Result<void> add_invitation(const crypto::Digest& code);

 private:
  explicit Accounts(storage::Database& database) : database_(&database) {}
  storage::Database* database_;
};

}  // namespace unavoce::server
