#include "server/tls_files.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace unavoce::server {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Opens for reading; what is missing or forbidden is said in the system's words.
Result<Owned<BIO>> open_file(std::string_view setting, const std::string& path) {
  errno = 0;
  Owned<BIO> file(BIO_new_file(path.c_str(), "r"));
  if (file) return file;
  const int os_error = errno;
  return Error(code_of_os_error(os_error), std::string(setting) + ": cannot read " + path + ": " +
                                               std::strerror(os_error) +
                                               "; name a PEM file that unavoced's user may read");
}

/// Instead of OpenSSL's default, which asks at the terminal and so stops a service for ever.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string text_of(const ASN1_TIME* time) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(memory.get(), time);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<Owned<X509>> read_certificate(const std::string& path) {
  BOOST_OUTCOME_TRY(auto file, open_file("tls_certificate", path));
  Owned<X509> certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate) return certificate;
  return Error(Errc::config, "tls_certificate: " + path +
                                 " holds no certificate in PEM (-----BEGIN CERTIFICATE-----); name the file with the "
                                 "certificate chain");
}

Result<Owned<EVP_PKEY>> read_key(const std::string& path) {
  BOOST_OUTCOME_TRY(auto file, open_file("tls_key", path));
  bool asked = false;
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, &asked));
  if (key) return key;
  if (asked) {
    return Error(Errc::config, "tls_key: " + path +
                                   " is protected by a passphrase, which a service cannot type; store it without one, "
                                   "readable by unavoced's user only");
  }
  return Error(Errc::config,
               "tls_key: " + path + " holds no private key in PEM (-----BEGIN PRIVATE KEY-----); name the key's file");
}

Result<void> check_time(const X509* certificate, const std::string& path) {
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  // 0 is an error in the certificate's own time, and as bad as a time that is over (X509_cmp_current_time(3)).
  if (X509_cmp_current_time(end) <= 0) {
    return Error(Errc::config, "tls_certificate: " + path + " ended on " + text_of(end) +
                                   "; no browser accepts it any more: renew it");
  }
  // After a power cut a machine may not know the time before it has a network.
  if (X509_cmp_current_time(begin) >= 0) {
    return Error(Errc::unavailable,
                 "tls_certificate: " + path + " begins on " + text_of(begin) + " only; is this machine's clock right?");
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<void> check_tls_files(const TlsFiles& files) {
  ERR_clear_error();
  BOOST_OUTCOME_TRY(auto certificate, read_certificate(files.certificate));
  BOOST_OUTCOME_TRY(auto key, read_key(files.key));
  const bool belong = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();  // what OpenSSL remembers of this must not be taken for an error of a later connection
  if (!belong) {
    return Error(Errc::config, "tls_key: " + files.key + " is not the key of the first certificate in " +
                                   files.certificate + "; name the two that were made together");
  }
  return check_time(certificate.get(), files.certificate);
}

}  // namespace unavoce::server
