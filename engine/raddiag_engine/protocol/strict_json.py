"""JSON as the standard has it: no NaN, no numbers beyond a double, one object; whatever is sent, one typed error."""

from __future__ import annotations

import json
import math
from typing import Any

from raddiag_engine.protocol.errors import ProtocolError


def read_object(text: bytes | bytearray | memoryview) -> dict[str, Any]:
    """The JSON object in UTF-8 `text`.

    Raises:
        ProtocolError: It is anything else.
    """
    try:
        value = json.loads(bytes(text).decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ProtocolError("the JSON is nested too deeply") from None
    except ValueError as error:  # of the decoder, of UTF-8, and of integers of thousands of digits
        raise ProtocolError(f"not JSON: {_short(error)}") from None
    if not isinstance(value, dict):
        raise ProtocolError(f"expected a JSON object, found a {type(value).__name__}")
    return value


def write_object(value: dict[str, Any]) -> bytes:
    """The object as compact JSON in ASCII.

    Raises:
        ProtocolError: It holds NaN or an infinity, for which JSON has no word.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
    except ValueError as error:
        raise ProtocolError(f"cannot be sent: {error}") from None


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is beyond the range of a double")
    return number


def _short(error: ValueError) -> str:
    return str(error)[:160]
