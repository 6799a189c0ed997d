#include "tls_client.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace unavoce::server::test {
namespace {

template <auto Function>
struct FreeWith {
  template <class T>
  void operator()(T* thing) const {
    Function(thing);
  }
};
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;

void must(int done, const char* what) {
  if (done != 1) throw std::runtime_error(what);
}

std::string text_of(const Bio& memory) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void name_localhost(X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* host = reinterpret_cast<const unsigned char*>("localhost");
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0), "a name");
  must(X509_set_issuer_name(certificate, name), "an issuer");
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost"));
  must(X509_add_ext(certificate, names.get(), -1), "an extension");
}

long seconds(std::chrono::hours hours) {
  return static_cast<long>(std::chrono::seconds(hours).count());
}

}  // namespace

TlsLayer::TlsLayer(int fd, const std::filesystem::path& trusted) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  must(SSL_CTX_load_verify_file(context_.get(), trusted.c_str()), "no trusted certificate");
  ssl_.reset(SSL_new(context_.get()));
  must(SSL_set1_host(ssl_.get(), "localhost"), "no host name");
  must(SSL_set_fd(ssl_.get(), fd), "no socket");
  must(SSL_connect(ssl_.get()), "TLS was not agreed on");
}

ssize_t TlsLayer::write(std::string_view bytes) {
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

ssize_t TlsLayer::read(std::span<char> into) {
  return SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
}

bool TlsLayer::has_pending() const {
  return SSL_pending(ssl_.get()) > 0;
}

Certificate new_certificate(std::chrono::hours valid_from, std::chrono::hours valid_to) {
  const Key key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  must(X509_set_version(certificate.get(), X509_VERSION_3), "a version");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), seconds(valid_from));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds(valid_to));
  must(X509_set_pubkey(certificate.get(), key.get()), "a key");
  name_localhost(certificate.get());
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("a signature");
  const Bio certificate_pem(BIO_new(BIO_s_mem()));
  const Bio key_pem(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(certificate_pem.get(), certificate.get()), "a certificate in PEM");
  must(PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), "a key in PEM");
  return {text_of(certificate_pem), text_of(key_pem)};
}

std::string with_passphrase(const std::string& key) {
  const Bio in(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const Key read(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const Bio out(BIO_new(BIO_s_mem()));
  std::string passphrase = "secret";
  must(PEM_write_bio_PKCS8PrivateKey(out.get(), read.get(), EVP_aes_256_cbc(), passphrase.data(),
                                     static_cast<int>(passphrase.size()), nullptr, nullptr),
       "a key under a passphrase");
  return text_of(out);
}

}  // namespace unavoce::server::test
