"""Logging as AWS's runtime for Python sets it up: the root logger's handler and its formats. Imported when somebody imports
logging."""

import json
import logging
import os
import sys
import time
import traceback


class LogHandler(logging.Handler):
    """The root logger's only handler: AWS's line, to standard output. One record is one line: as on AWS, line breaks inside
    a message become carriage returns, which livelambda turns back when it shows it."""

    def emit(self, record):
        sys.stdout.write(self.format(record).rstrip("\n").replace("\n", "\r") + "\n")


class LogFilter(logging.Filter):
    def __init__(self, current):
        super().__init__()
        self._current = current

    def filter(self, record):
        record.aws_request_id = self._current["id"]
        record.tenant_id = self._current["tenant"]
        return True


class JsonFormatter(logging.Formatter):
    """AWS_LAMBDA_LOG_FORMAT=JSON: an object a record, with what `extra` gave it."""

    _OF_RECORDS = set(vars(logging.makeLogRecord({}))) | {"aws_request_id", "tenant_id", "taskName"} - {"message"}

    def format(self, record):
        level = min(50, max(0, record.levelno)) // 10 * 10
        kind, error, trace = record.exc_info or (None, None, None)
        is_object = isinstance(record.msg, dict) and not record.args
        shown = {"timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
                 "level": logging.getLevelName(level),
                 "message": record.msg if is_object else record.getMessage(),
                 "logger": record.name,
                 "stackTrace": traceback.format_tb(trace) if kind else None,
                 "errorType": kind.__name__ if kind else None,
                 "errorMessage": str(error) if kind else None,
                 "requestId": record.aws_request_id,
                 "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
                 "tenantId": record.tenant_id}
        shown.update((name, value) for name, value in vars(record).items()
                     if name not in self._OF_RECORDS and name not in shown)
        return json.dumps({name: value for name, value in shown.items() if value is not None}, ensure_ascii=False,
                          default=str)


def set_up(current, is_json):
    """`current` has the id and the tenant of the request that runs, at any time."""
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    handler.addFilter(LogFilter(current))
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)
