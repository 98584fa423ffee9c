"""What differs between the local cloud and MiniStack and stays so: {scenario: {path (a regular expression): why}}. Each
reason names AWS's documentation, or says that it leaves the matter open."""

_OPEN = "an opaque value: AWS's documentation leaves its form open"
_SIGNATURE = "SNS developer guide, 'Verifying the signatures': neither can sign for AWS; here the members are empty"
_UNSUBSCRIBE = "SNS developer guide, message format: the URL names the subscription, not an example"
_LAMBDA_SNS = "Lambda developer guide, 'Using Lambda with Amazon SNS': SigningCertUrl and UnsubscribeUrl in Lambda's event"
_FORWARDED = "API Gateway developer guide, 'Lambda proxy integrations': X-Forwarded-* and X-Amzn-Trace-Id reach the function"
_HOP = "RFC 9110 §7.6.1: Connection is of one hop and is not handed on"
_DOMAIN = "API Gateway developer guide, 'Create proxy integrations': domainName and domainPrefix of the API's own domain"
_REST_CASE = "API Gateway developer guide, 'Input format': a REST API keeps the case of header names"
_REST_IDENTITY = "API Gateway developer guide, 'Input format': identity has every member, null where nothing is known"

ACCEPTED = {
    "sqs_messages": {
        "/attributes/SqsManagedSseEnabled": "SQS API reference, SetQueueAttributes: SSE-SQS is on for new queues since 2022",
    },
    "sns_to_sqs": {
        r"/\w+/\d/(Signature|SigningCertURL)": _SIGNATURE,
        r"/\w+/\d/UnsubscribeURL": _UNSUBSCRIBE,
        "/empty": "SNS API reference, Publish: a message must not be empty",
        "/no topic/message": "the code is the contract; SNS's own words are 'Topic does not exist'",
    },
    "events_to_sqs": {
        "/(code|failed|put/3)": "EventBridge API reference, PutEventsResultEntry: MalformedDetail for detail that is no JSON",
        "/targets/[02]": "EventBridge API reference, ListTargetsByRule: the order is open",
        "/with targets": "EventBridge API reference, DeleteRule: targets are removed first",
    },
    "sns_event": {
        "/event/Records/0/Sns/Signature": _SIGNATURE,
        "/event/Records/0/Sns/(SigningCert|Unsubscribe)U(RL|rl)": _LAMBDA_SNS,
    },
    "sqs_event": {
        r"/event/Records/0/messageAttributes/colour/\w+ListValues":
            "Lambda developer guide, 'Using Lambda with Amazon SQS': the empty lists are in its example event",
        "/event/Records/0/receiptHandle": _OPEN,
    },
    "dynamodb_stream_event": {
        r"/events/\d/Records/0/(dynamodb/SequenceNumber|eventID)": _OPEN,
        r"/events/\d/Records/0/dynamodb/SizeBytes": "DynamoDB API reference, StreamRecord: the size of the record in bytes",
    },
    "s3_event": {
        "/event/Records/0/eventVersion": "S3 user guide, 'Event message structure': 2.1 for events of objects",
        "/event/Records/0/(responseElements/x-amz-id-2|s3/configurationId|s3/object/sequencer)": _OPEN,
        "/event/Records/0/(userIdentity|s3/bucket/ownerIdentity)/principalId":
            "S3 user guide, 'Event message structure': who did it and who owns the bucket, not an example",
    },
    "http_api_event": {
        "/event/headers/connection": _HOP,
        "/event/headers/x-.*": _FORWARDED,
        "/event/requestContext/domain(Name|Prefix)": _DOMAIN,
        "/event/requestContext/requestId": _OPEN,
    },
    "rest_api_event": {
        "/event/(headers|multiValueHeaders)/connection": _HOP,
        "/event/(headers|multiValueHeaders)/X-(Amzn|Forwarded).*": _FORWARDED,
        "/event/(headers|multiValueHeaders)/(?i:accept|accept-encoding|content-length|content-type|host|user-agent|x-own)":
            _REST_CASE,
        "/event/requestContext/identity/.*": _REST_IDENTITY,
        "/event/requestContext/domain(Name|Prefix)": _DOMAIN,
        "/event/requestContext/resourceId": _OPEN,
        "/event/(path|requestContext/path)": "the path as the client sent it: an encoded space is not decoded",
        "/event/queryStringParameters/q":
            "API Gateway developer guide, 'Input format': of several values the single-valued map has the last",
        "/event/version": "API Gateway developer guide, 'Input format': a REST API's event has no version",
    },
}
