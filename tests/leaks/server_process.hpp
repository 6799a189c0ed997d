// leak_server as a process of its own, in a folder that holds everything it can write: working folder, data folder,
// folder for temporary files, home, log. Owner: the test; the process ends with it. Throws std::runtime_error.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "crypto/bytes.hpp"
#include "tests/program.hpp"
#include "tests/server/service.hpp"

namespace unavoce::leaks {

class ServerProcess final : public server::test::Service {
 public:
  explicit ServerProcess(const std::string& program);
  ~ServerProcess() override;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  server::test::Address address() const override { return port_; }
  const std::filesystem::path& data_folder() const override { return data_folder_; }
  /// Where everything it writes is.
  const std::filesystem::path& folder() const { return folder_.path(); }

  /// Keeps 32 bytes where keys live.
  void plant(crypto::ByteView secret);
  /// Which of the secrets lie in the memory of the process, by their places in the list.
  std::set<std::size_t> find_in_memory(const std::vector<crypto::Bytes>& secrets);
  /// How many of its open files hold this text, unlinked ones too.
  int open_files_with(std::string_view text);
  /// Ends it with SIGKILL.
  void kill();

 private:
  struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  std::string answer();
  std::string ask(const std::string& line);

  testing::TemporaryFolder folder_;
  std::filesystem::path data_folder_ = folder_.path() / "data";
  pid_t process_ = -1;
  std::unique_ptr<FILE, Close> to_;
  std::unique_ptr<FILE, Close> from_;
  std::uint16_t port_ = 0;
};

}  // namespace unavoce::leaks
