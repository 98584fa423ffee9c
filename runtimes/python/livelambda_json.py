"""JSON as AWS's runtime for Python writes it, which is simplejson's way where that differs from the standard library's:
Decimals are numbers, named tuples objects, bytes text. Its name keeps it apart from modules of functions."""

import json
import math
import os
import sys

_ascii = os.environ.get("AWS_EXECUTION_ENV") not in {f"AWS_Lambda_python3.{minor}" for minor in range(12, 16)}
_PLAIN = {str, int, float, bool, type(None)}
_text = json.JSONEncoder(ensure_ascii=_ascii).encode


def encode(value):
    """The text of a value. Raises what json raises."""
    return _text(value) if _is_plain(value) else "".join(_pieces(value, set()))


def _is_plain(value):
    """Whether the standard library writes it in the same way; or refuses it, for what is deeper than it goes is no cycle's end."""
    waiting = [(value, 0)]
    while waiting:
        value, depth = waiting.pop()
        kind = type(value)
        if kind is dict:
            if not all(type(key) is str for key in value):
                return False
            waiting.extend((item, depth + 1) for item in value.values() if type(item) not in _PLAIN)
        elif kind is list:
            waiting.extend((item, depth + 1) for item in value if type(item) not in _PLAIN)
        elif kind not in _PLAIN:
            return False
        if depth > sys.getrecursionlimit():
            return True
    return True


def _pieces(value, inside):
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    if not isinstance(value, (str, list)) and callable(getattr(value, "_asdict", None)):
        value = value._asdict()
    if isinstance(value, (dict, list, tuple)):
        if id(value) in inside:
            raise ValueError("Circular reference detected")
        inside.add(id(value))
        yield from _object(value, inside) if isinstance(value, dict) else _array(value, inside)
        inside.remove(id(value))
    elif "decimal" in sys.modules and isinstance(value, sys.modules["decimal"].Decimal):  # its import takes long
        yield _text(math.nan) if value.is_nan() else str(value)
    else:
        yield _text(value)


def _array(values, inside):
    yield "["
    for number, value in enumerate(values):
        if number:
            yield ", "
        yield from _pieces(value, inside)
    yield "]"


def _object(values, inside):
    yield "{"
    for number, (key, value) in enumerate(values.items()):
        if number:
            yield ", "
        yield _text(_key(key)) + ": "
        yield from _pieces(value, inside)
    yield "}"


def _key(key):
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, int, float)):
        return _text(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {key.__class__.__name__}")
