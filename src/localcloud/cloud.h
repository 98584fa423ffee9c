// What the services of one local account share: its name, its clock, and each other. Built by server/server.cc;
// outlives every service.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "base/task_group.h"
#include "localcloud/local_clock.h"
#include "os/spawner.h"

namespace localcloud {

class Iam;             // iam/iam.h: roles, policies, authorize(), temporary credentials
class S3;              // s3/s3.h: buckets and objects
class DynamoDb;        // dynamodb/dynamodb.h
class Sns;             // sns/sns.h
class Sqs;             // sqs/sqs.h
class Ssm;             // ssm/ssm.h
class Events;          // events/events.h: EventBridge
class Logs;            // logs/logs.h
class Lambda;          // lambda/lambda.h: functions, invoke()
class EventSources;    // event_sources/event_sources.h: what reads queues and streams for functions
class ApiGateway;      // apigateway/apigateway.h: HTTP, REST and WebSocket APIs
class CloudFormation;  // cloudformation/cloudformation.h

struct Cloud {
  boost::asio::any_io_executor executor;
  std::string account_id = "123456789012";
  std::string region = "us-east-1";
  std::string endpoint;  // "http://127.0.0.1:4571": where the one port is, for AWS_ENDPOINT_URL and printed addresses
  bool tls = false;
  std::string ca_pem = {};     // of the authority that --tls made; else empty
  std::string work_directory;  // private; unpacked functions, /tmp of environments
  LocalClock* clock = nullptr;
  os::Spawner* spawner = nullptr;
  base::TaskGroup* tasks = nullptr;  // for work that outlives a request (asynchronous invocations)

  Iam* iam = nullptr;
  S3* s3 = nullptr;
  DynamoDb* dynamodb = nullptr;
  Sns* sns = nullptr;
  Sqs* sqs = nullptr;
  Ssm* ssm = nullptr;
  Events* events = nullptr;
  Logs* logs = nullptr;
  Lambda* lambda = nullptr;
  EventSources* event_sources = nullptr;
  ApiGateway* apigateway = nullptr;
  CloudFormation* cloudformation = nullptr;
};

}  // namespace localcloud
