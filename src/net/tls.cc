#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <string_view>

#include "net/tls_context.h"

namespace net {
namespace {

constexpr std::string_view kAmazonRoots =
#include "net/amazon_roots.inc"
    ;

// Where distributions keep the system's bundle: Debian and Ubuntu, Fedora and Amazon Linux, Alpine.
constexpr const char* kSystemBundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/ssl/cert.pem"};

struct Freer {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// Trusts every certificate of the text. Returns how many there were.
int trust(SSL_CTX* context, std::string_view pem) {
  std::unique_ptr<BIO, Freer> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  int count = 0;
  while (bio) {
    std::unique_ptr<X509, Freer> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
    ++count;
  }
  ERR_clear_error();  // the end of the text counts as an error
  return count;
}

}  // namespace

base::Result<std::shared_ptr<TlsContext>> make_client_tls(std::string ca_pem, bool embedded_only) {
  auto tls = std::make_shared<SslContext>(boost::asio::ssl::context::tls_client);
  SSL_CTX* native = tls->context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (!ca_pem.empty()) {
    if (trust(native, ca_pem) == 0) {
      return base::fail(base::ErrorKind::invalid_input, "the CA file holds no certificate",
                        "It must hold one or more PEM blocks that begin with -----BEGIN CERTIFICATE-----");
    }
    return tls;
  }
  trust(native, kAmazonRoots);
  if (embedded_only) return tls;
  for (const char* bundle : kSystemBundles) {
    if (::access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(native, bundle) == 1) break;
  }
  ERR_clear_error();
  return tls;
}

base::Result<std::shared_ptr<TlsContext>> make_server_tls(std::string certificate_chain_pem, std::string key_pem) {
  auto tls = std::make_shared<SslContext>(boost::asio::ssl::context::tls_server);
  SSL_CTX* native = tls->context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
  boost::system::error_code error;
  tls->context.use_certificate_chain(boost::asio::buffer(certificate_chain_pem), error);
  if (error) return base::fail(base::ErrorKind::invalid_input, "the certificate cannot be read: " + error.message());
  tls->context.use_private_key(boost::asio::buffer(key_pem), boost::asio::ssl::context::pem, error);
  if (error) return base::fail(base::ErrorKind::invalid_input, "the private key cannot be read: " + error.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return base::fail(base::ErrorKind::invalid_input, "the private key does not belong to the certificate");
  }
  return tls;
}

}  // namespace net
