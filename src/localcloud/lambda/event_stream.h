// Messages of application/vnd.amazon.eventstream (the "Amazon Event Stream" encoding of AWS's SDKs), as far as Lambda's
// InvokeWithResponseStream writes them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace localcloud {

// One event: its lengths, its headers (:message-type event, :event-type, :content-type), its payload, both checksums.
std::string event_message(std::string_view event_type, std::string_view content_type, std::string_view payload);

}  // namespace localcloud
