#include "bridge/sealing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "codec/base64.h"
#include "codec/bytes.h"

namespace bridge {
namespace {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using Nonce = std::array<std::uint8_t, 12>;

// libcrypto fails here only when it is out of memory or broken.
void require(bool ok) {
  if (!ok) throw std::runtime_error("libcrypto failed");
}

Nonce nonce_of(std::uint64_t counter) {
  Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (56 - 8 * i));
  return nonce;
}

unsigned char* raw(std::string& text, std::size_t at) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}

Key derive(std::string_view secret, const EnvironmentId& environment, std::string_view info) {
  std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
  require(kdf != nullptr);
  std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
  std::string digest = "SHA256", key(secret), salt(codec::as_text(environment.bytes)), label(info);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, label.data(), label.size()),
      OSSL_PARAM_construct_end(),
  };
  Key derived{};
  require(EVP_KDF_derive(context.get(), derived.data(), derived.size(), params) == 1);
  return derived;
}

// The plaintext, or nothing if it does not authenticate.
std::optional<std::string> decrypt(const Key& key, std::uint64_t counter, std::string_view frame) {
  std::size_t size = frame.size() - kClearSize - kTagSize;
  std::string plain(size, '\0');
  std::string tag(frame.substr(frame.size() - kTagSize));
  Nonce nonce = nonce_of(counter);
  auto bytes = codec::as_bytes(frame);
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &length, bytes.data(), static_cast<int>(kClearSize)) == 1);
  require(EVP_DecryptUpdate(context.get(), raw(plain, 0), &length, bytes.data() + kClearSize, static_cast<int>(size)) ==
          1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagSize), tag.data()) == 1);
  std::array<unsigned char, 16> rest{};
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &length) != 1) return std::nullopt;
  return plain;
}

}  // namespace

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::not_base64:
      return "not_base64";
    case DropReason::truncated:
      return "truncated";
    case DropReason::bad_version:
      return "bad_version";
    case DropReason::wrong_key:
      return "wrong_key";
    case DropReason::turned_round:
      return "turned_round";
    case DropReason::replayed:
      return "replayed";
    case DropReason::bad_header:
      return "bad_header";
    case DropReason::no_attempt:
      return "no_attempt";
    case DropReason::too_much:
      return "too_much";
  }
  return "unknown";
}

KeyPair derive_keys(std::string_view secret, const EnvironmentId& environment) {
  return {derive(secret, environment, "livelambda 1 stub"), derive(secret, environment, "livelambda 1 session")};
}

tl::expected<SealedFrame, DropReason> decode_frame(std::string_view text) {
  auto bytes = codec::base64_decode(text);
  if (!bytes) return tl::unexpected(DropReason::not_base64);
  auto clear = parse_clear(*bytes);
  if (!clear || bytes->size() < kClearSize + kTagSize + 2) return tl::unexpected(DropReason::truncated);
  if (clear->version != kProtocolVersion) return tl::unexpected(DropReason::bad_version);
  return SealedFrame{*clear, std::move(*bytes)};
}

Sealer::Sealer(KeyId key_id, EnvironmentId environment, const Key& key, std::uint64_t first_counter)
    : key_id_(key_id), environment_(environment), key_(key), counter_(first_counter) {}

std::string Sealer::seal(const FrameHeader& header, std::string_view chunk) {
  std::string head = encode_header(header);
  if (head.size() > kMaxHeaderSize) throw std::length_error("frame header");
  std::uint64_t counter = counter_++;
  auto clear = encode_clear({.key_id = key_id_, .environment = environment_, .counter = counter});
  std::string plain;
  plain.reserve(2 + head.size() + chunk.size());
  plain += static_cast<char>(head.size() >> 8);
  plain += static_cast<char>(head.size() & 0xff);
  plain += head;
  plain += chunk;

  std::string frame(codec::as_text(clear));
  frame.resize(kClearSize + plain.size() + kTagSize);
  Nonce nonce = nonce_of(counter);
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) == 1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &length, clear.data(), static_cast<int>(clear.size())) == 1);
  require(EVP_EncryptUpdate(context.get(), raw(frame, kClearSize), &length, codec::as_bytes(plain).data(),
                            static_cast<int>(plain.size())) == 1);
  require(EVP_EncryptFinal_ex(context.get(), raw(frame, kClearSize + plain.size()), &length) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagSize),
                              raw(frame, kClearSize + plain.size())) == 1);
  return codec::base64_encode(frame);
}

Opener::Opener(KeyId key_id, const Key& key, const Key& own) : key_id_(key_id), key_(key), own_(own) {}

tl::expected<OpenedFrame, DropReason> Opener::open(const SealedFrame& frame) {
  if (frame.clear.key_id != key_id_) return tl::unexpected(DropReason::wrong_key);
  auto plain = decrypt(key_, frame.clear.counter, frame.bytes);
  if (!plain) {
    bool own = decrypt(own_, frame.clear.counter, frame.bytes).has_value();
    return tl::unexpected(own ? DropReason::turned_round : DropReason::wrong_key);
  }
  if (seen(frame.clear.counter)) return tl::unexpected(DropReason::replayed);
  mark(frame.clear.counter);
  auto bytes = codec::as_bytes(*plain);
  std::size_t head_size = static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
  if (head_size > plain->size() - 2) return tl::unexpected(DropReason::bad_header);
  auto header = parse_header(std::string_view(*plain).substr(2, head_size));
  if (!header) return tl::unexpected(DropReason::bad_header);
  return OpenedFrame{std::move(*header), plain->substr(2 + head_size)};
}

bool Opener::seen(std::uint64_t counter) const {
  if (counter > highest_) return false;
  return highest_ - counter >= kWindow || window_.test(counter % kWindow);
}

void Opener::mark(std::uint64_t counter) {
  if (counter > highest_) {
    std::uint64_t passed = std::min<std::uint64_t>(counter - highest_, kWindow);
    for (std::uint64_t i = 1; i <= passed; ++i) window_.reset((highest_ + i) % kWindow);
    highest_ = counter;
  }
  window_.set(counter % kWindow);
}

}  // namespace bridge
