"""Handlers that every Python is asked to run, one invocation each: the event names the case."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import os
import pathlib
import sys
import threading
import types
import uuid


class OutOfStock(Exception):
    def __init__(self, message, left=0):
        super().__init__(message, left)


class Shown(Exception):
    def __str__(self):
        return "shown: ä"


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@dataclasses.dataclass
class Point:
    x: int = 1


class Plain:
    pass


class WithJson:
    def for_json(self):
        return "own way"

    def _asdict(self):
        return {"own": "way"}


class OwnDict(dict):
    pass


class Floating(float):
    def __repr__(self):
        return "floating"


class Level(enum.Enum):
    ONE = 1


Pair = collections.namedtuple("Pair", "left right")


def fail(error):
    raise error


def chained(then):
    try:
        fail(KeyError("first"))
    except KeyError as error:
        then(error)


def reraised(error):
    raise RuntimeError("second") from error


def hidden(_):
    raise RuntimeError("second") from None


def during(_):
    raise RuntimeError("second")


def deep(n):
    return fail(RecursionError("deep enough")) if n == 800 else deep(n + 1)


class Raised:
    """Each raises."""
    error = lambda: fail(ValueError("wrong: ä \U0001f600"))
    own_class = lambda: fail(OutOfStock("none left", left=3))
    own_text = lambda: fail(Shown("x"))
    unreadable = lambda: fail(Unreadable("x"))
    no_arguments = lambda: fail(KeyError())
    key = lambda: {}["none"]
    multi_line = lambda: fail(ValueError("one\ntwo\r\nthree\n"))
    control_characters = lambda: fail(ValueError("\x00\x01\x7f\x85\u2028"))
    lone_surrogate = lambda: fail(ValueError("\ud800"))
    huge = lambda: fail(ValueError("x" * 30000))
    cause = lambda: chained(reraised)
    no_cause = lambda: chained(hidden)
    context = lambda: chained(during)
    text = lambda: fail("only text")
    zero = lambda: 1 / 0
    recursion = lambda: deep(0)
    assertion = lambda: fail(AssertionError())
    unicode = lambda: b"\xff".decode()
    system = lambda: open("/not/there")
    syntax = lambda: eval("1 +")
    imports = lambda: __import__("not_there_at_all")
    attribute = lambda: None.nothing
    stop = lambda: next(iter([]))
    not_json = lambda: __import__("json").loads("{")
    with_notes = lambda: fail(type("Noted", (Exception,), {"__notes__": ["note"]})("x"))
    in_other_file = lambda: __import__("helpers").deeper(3)


class Returned:
    """Each returns."""
    none = lambda: None
    text = lambda: 'ä\u2028\u2029\x07\x7f\U0001f600"\\/</script>'
    lone_surrogate = lambda: "a\ud800b"
    boolean = lambda: [True, False]
    numbers = lambda: [0, -0.0, 1.0, 1e16, 1e300, 5e-324, 10**30, 2**53 + 1, 0.1 + 0.2]
    not_numbers = lambda: [float("nan"), float("inf"), -float("inf")]
    floating = lambda: Floating(1.5)
    complex = lambda: 1j
    fraction = lambda: fractions.Fraction(1, 2)
    decimals = lambda: [decimal.Decimal("1.10"), decimal.Decimal("1E+5"), decimal.Decimal("-0"), {"a": decimal.Decimal("0.1")}]
    decimal_infinity = lambda: decimal.Decimal("Infinity")
    decimal_nan = lambda: {"a": decimal.Decimal("NaN")}
    bytes = lambda: b"\x00raw\xff"
    bytes_inside = lambda: {"a": b"text", b"key": 1}
    bad_bytes_inside = lambda: [b"\xff"]
    bytearray = lambda: bytearray(b"ab")
    memoryview = lambda: memoryview(b"ab")
    array = lambda: array.array("i", [1])
    tuple = lambda: (1, (2, 3))
    set = lambda: {1}
    frozenset = lambda: [frozenset([1])]
    range = lambda: range(3)
    generator = lambda: (n for n in [1])
    iterator = lambda: iter([1])
    keys = lambda: {"a": 1}.keys()
    coroutine = lambda: _coroutine()
    function = lambda: fail
    class_itself = lambda: Plain
    instance = lambda: Plain()
    dataclass = lambda: Point()
    named_tuple = lambda: [Pair(1, Pair(2, "ä"))]
    with_json = lambda: WithJson()
    namespace = lambda: types.SimpleNamespace(a=1)
    own_dict = lambda: OwnDict(a=OwnDict())
    ordered = lambda: collections.OrderedDict(b=1, a=2)
    default_dict = lambda: collections.defaultdict(list, a=[1])
    counter = lambda: collections.Counter("aab")
    deque = lambda: collections.deque([1])
    mapping = lambda: types.MappingProxyType({"a": 1})
    enum = lambda: Level.ONE
    date = lambda: datetime.datetime(2026, 1, 2)
    uuid = lambda: uuid.UUID(int=1)
    path = lambda: pathlib.PurePosixPath("/a")
    error = lambda: ValueError("returned")
    odd_keys = lambda: {1: 1, 1.5: 2, None: 3, True: 4, False: 5, "": 6}
    nan_key = lambda: {float("nan"): 1}
    enum_key = lambda: {Level.ONE: 1}
    tuple_key = lambda: {(1, 2): 3}
    decimal_key = lambda: {decimal.Decimal("1.5"): 1}
    circular = lambda: _ring()
    deep = lambda: _nested(900)
    too_deep = lambda: _nested(100000)
    huge_number = lambda: 10**5000
    http = lambda: {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "hello"}


async def _coroutine():
    return 1


def _ring():
    ring = {}
    ring["ring"] = [ring]
    return ring


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


class Ends:
    """Each ends the process, or leaves something behind."""
    exit = lambda: sys.exit(3)
    exit_zero = lambda: sys.exit(0)
    exit_nothing = lambda: sys.exit()
    exit_text = lambda: sys.exit("bye")
    exit_at_once = lambda: os._exit(4)
    interrupt = lambda: fail(KeyboardInterrupt())
    base = lambda: fail(type("Base", (BaseException,), {})("base"))
    generator_exit = lambda: fail(GeneratorExit())
    killed = lambda: os.kill(os.getpid(), 15)
    in_thread = lambda: (threading.Thread(target=sys.exit).start(), "the thread's business")[1]
    thread_fails = lambda: _join(threading.Thread(target=lambda: None))


def _join(thread):
    thread.start()
    thread.join()
    return "joined"


def members(context):
    return [context.aws_request_id, context.function_name, context.function_version, context.invoked_function_arn, context.memory_limit_in_mb,
            context.log_group_name, context.log_stream_name, context.tenant_id, context.identity.cognito_identity_id, repr(context.client_context),
            context.client_context and context.client_context.custom, context.get_remaining_time_in_millis() > 0, os.environ.get("_X_AMZN_TRACE_ID"),
            sorted(name for name in dir(context) if not name.startswith("_")), os.environ["_HANDLER"]]


def handler(event, context):
    group, _, name = (event or {}).get("case", ".").partition(".")
    if group == "raise":
        return vars(Raised)[name]()
    if group == "return":
        return vars(Returned)[name]()
    if group == "end":
        return vars(Ends)[name]()
    if group == "context":
        return members(context)
    if group == "bytes":
        return "x" * (event["size"] - 2)
    return event


async def asynchronous(event, context):
    return event


def one_argument(event):
    return event


class Callable:
    def __call__(self, event, context):
        return "called"


instance = Callable()
number = 5
