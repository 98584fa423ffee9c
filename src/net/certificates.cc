// A small CA on OpenSSL 3. The extensions are those that strict verifiers ask for (Python 3.13's VERIFY_X509_STRICT,
// Node.js): RFC 5280 §4.2.1.1 to §4.2.1.9.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <stdexcept>

#include "base/ids.h"
#include "net/tls.h"

namespace net {
namespace {

struct Freer {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Owned = std::unique_ptr<T, Freer>;

template <typename T>
T must(T value) {
  if (!value) throw std::runtime_error("OpenSSL could not make a certificate");
  return value;
}

Owned<BIO> read_bio(const std::string& text) {
  return Owned<BIO>(must(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// A version 3 certificate for the key, without issuer, extensions and signature.
Owned<X509> blank_certificate(EVP_PKEY* key, const std::string& common_name, int days) {
  Owned<X509> certificate(must(X509_new()));
  must(X509_set_version(certificate.get(), X509_VERSION_3));
  auto serial = base::random_bytes<16>();
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and of full length
  Owned<BIGNUM> number(must(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr)));
  must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())));
  constexpr long kDay = 24 * 60 * 60;
  must(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay));
  must(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay * days));
  std::string name = common_name.substr(0, 64);  // the most that X.520 allows
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                  -1, 0));
  must(X509_set_pubkey(certificate.get(), key));
  return certificate;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(must(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())));
  must(X509_add_ext(certificate, extension.get(), -1));
}

Authority sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key, EVP_PKEY* key) {
  must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)));
  must(X509_sign(certificate, issuer_key, EVP_sha256()));
  Owned<BIO> certificate_text(must(BIO_new(BIO_s_mem())));
  Owned<BIO> key_text(must(BIO_new(BIO_s_mem())));
  must(PEM_write_bio_X509(certificate_text.get(), certificate));
  must(PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr));
  return Authority{text_of(certificate_text.get()), text_of(key_text.get())};
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    boost::system::error_code error;
    boost::asio::ip::make_address(name, error);
    list += (list.empty() ? "" : ",") + std::string(error ? "DNS:" : "IP:") + name;
  }
  return list;
}

}  // namespace

Authority make_authority(std::string common_name, int days) {
  Owned<EVP_PKEY> key(must(EVP_EC_gen("P-256")));
  Owned<X509> certificate = blank_certificate(key.get(), common_name, days);
  X509* self = certificate.get();
  must(X509_set_issuer_name(self, X509_get_subject_name(self)));
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  add_extension(self, self, NID_authority_key_identifier, "keyid:always");
  return sign(self, self, key.get(), key.get());
}

Authority issue_certificate(const Authority& authority, std::vector<std::string> names, int days) {
  Owned<BIO> issuer_text = read_bio(authority.certificate_pem);
  Owned<BIO> issuer_key_text = read_bio(authority.key_pem);
  Owned<X509> issuer(must(PEM_read_bio_X509(issuer_text.get(), nullptr, nullptr, nullptr)));
  Owned<EVP_PKEY> issuer_key(must(PEM_read_bio_PrivateKey(issuer_key_text.get(), nullptr, nullptr, nullptr)));
  Owned<EVP_PKEY> key(must(EVP_EC_gen("P-256")));
  Owned<X509> certificate = blank_certificate(key.get(), names.empty() ? "livelambda" : names.front(), days);
  X509* leaf = certificate.get();
  add_extension(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(leaf, issuer.get(), NID_ext_key_usage, "serverAuth");
  add_extension(leaf, issuer.get(), NID_subject_key_identifier, "hash");
  add_extension(leaf, issuer.get(), NID_authority_key_identifier, "keyid:always");
  if (!names.empty()) add_extension(leaf, issuer.get(), NID_subject_alt_name, alternative_names(names));
  return sign(leaf, issuer.get(), issuer_key.get(), key.get());
}

}  // namespace net
