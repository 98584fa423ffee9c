#include "bridge/registration.h"

#include <charconv>

#include "base/ids.h"
#include "codec/base64.h"
#include "codec/bytes.h"

namespace bridge {
namespace {

std::string text_of(const Item& item, const std::string& name) {
  auto found = item.find(name);
  const std::string* text = found == item.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text == nullptr ? std::string() : *text;
}

std::int64_t number_of(const Item& item, const std::string& name, std::int64_t otherwise) {
  auto found = item.find(name);
  const std::int64_t* number = found == item.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
  return number == nullptr ? otherwise : *number;
}

}  // namespace

Registration new_registration() {
  Registration registration;
  registration.session = base::to_hex(base::random_bytes<16>());
  auto key = base::random_bytes<32>();
  registration.key = std::string(codec::as_text(key));
  return registration;
}

KeyId key_id_of(const Registration& registration) {
  KeyId id{};
  for (std::size_t i = 0; i < id.size() && 2 * i + 2 <= registration.session.size(); ++i) {
    const char* digits = registration.session.data() + 2 * i;
    std::from_chars(digits, digits + 2, id[i], 16);
  }
  return id;
}

Item to_item(const Registration& registration) {
  Item item;
  item["pk"] = std::string(kRegistrationKey);
  item["session"] = registration.session;
  item["link"] = static_cast<std::int64_t>(registration.link);
  item["endpoint"] = registration.endpoint;
  item["owner"] = registration.owner;
  item["principal"] = registration.principal;
  item["maxMessage"] = static_cast<std::int64_t>(registration.max_message);
  item["version"] = static_cast<std::int64_t>(registration.version);
  item["startedAt"] = registration.started_at_ms;
  if (!registration.connection_id.empty()) item["connectionId"] = registration.connection_id;
  if (!registration.key.empty()) item["key"] = codec::base64_encode(registration.key);
  return item;
}

base::Result<Registration> from_item(const Item& item) {
  Registration registration;
  registration.session = text_of(item, "session");
  registration.link = static_cast<std::uint64_t>(number_of(item, "link", 0));
  registration.connection_id = text_of(item, "connectionId");
  registration.endpoint = text_of(item, "endpoint");
  registration.owner = text_of(item, "owner");
  registration.principal = text_of(item, "principal");
  registration.version = static_cast<int>(number_of(item, "version", 0));
  registration.started_at_ms = number_of(item, "startedAt", 0);
  registration.max_message = static_cast<std::size_t>(number_of(item, "maxMessage", kDefaultMaxMessage));
  if (registration.session.size() != 32) {
    return base::fail(base::ErrorKind::invalid_input, "the registration has no session id");
  }
  if (registration.max_message < 4'096 || registration.max_message > kLargeMaxMessage) {
    return base::fail(base::ErrorKind::invalid_input, "the registration's maxMessage is out of bounds");
  }
  TRY(registration.key, codec::base64_decode(text_of(item, "key")));
  return registration;
}

ConditionalWrite claim(const std::optional<Registration>& found, const Registration& own) {
  if (!found) return {{.kind = Condition::Kind::absent}, to_item(own)};
  return {{.kind = Condition::Kind::unchanged, .session = found->session, .link = found->link}, to_item(own)};
}

ConditionalWrite renew(const Registration& own) {
  return {{.kind = Condition::Kind::own_and_older_link, .session = own.session, .link = own.link}, to_item(own)};
}

ConditionalWrite release(const Registration& own) {
  Registration ended = own;
  ended.connection_id.clear();
  ended.key.clear();
  return {{.kind = Condition::Kind::own, .session = own.session}, to_item(ended)};
}

bool claim_had_succeeded(const std::optional<Registration>& found, const Registration& own) {
  return found && found->session == own.session && found->link >= own.link;
}

bool is_displaced(const std::optional<Registration>& found, std::string_view own_session) {
  return !found || found->session != own_session;
}

std::optional<Replaced> replaced_by(const std::optional<Registration>& found, const Registration& own) {
  if (!found || found->connection_id.empty() || found->session == own.session) return std::nullopt;
  return Replaced{found->connection_id, found->endpoint};
}

}  // namespace bridge
