// Lambda's event source mappings: SQS queues and DynamoDB streams, read with the function's role, in batches. Its
// operations are part of Lambda's API (/2015-03-31/event-source-mappings); Lambda hands them over.
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class EventSources : public Service {
 public:
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<EventSources> make_event_sources(Cloud& cloud);

}  // namespace localcloud
