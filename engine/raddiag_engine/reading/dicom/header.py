"""A DICOM data set whose values may be missing, empty or nonsense: asking never fails."""

from __future__ import annotations

import math
import struct
from functools import cache, cached_property
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

# What numbers and texts raise when they are made of values that are none.
_BAD_VALUE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
# Written in the default character repertoire whatever SpecificCharacterSet says (PS3.5 6.2).
ASCII_VRS = frozenset({"AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
# Written in that character set; without an escape, bytes of ASCII mean the same in all of them.
TEXT_VRS = frozenset({"LO", "SH"})
ESCAPE = 0x1B


class Header:
    """Reads elements by keyword; an element that is absent, empty or malformed counts as not there."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._tags = dataset.keys()
        self._known: dict[str, tuple[Any, ...]] = {}

    def values(self, keyword: str) -> tuple[Any, ...]:
        """All values of an element; kept, as asking pydicom for an element costs twenty times as much."""
        known = self._known.get(keyword)
        if known is None:
            known = self._known[keyword] = self._values(keyword)
        return known

    def _values(self, keyword: str) -> tuple[Any, ...]:
        tag = _tag(keyword)
        if tag not in self._tags:
            return ()
        plain = _plain_values(self.dataset.get_item(tag), keyword)
        if plain is not None:
            return plain
        try:
            value = self.dataset[tag].value
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - elements are converted on first access, and raise what their bytes provoke
            return ()
        if value is None or value == "":
            return ()
        return tuple(value) if isinstance(value, MultiValue | Sequence | list | tuple) else (value,)

    def has_group(self, group: int) -> bool:
        """True if there is an element of this group; asked before private elements, whose search is slow."""
        return group in self._groups

    @cached_property
    def _groups(self) -> frozenset[int]:
        return frozenset(tag >> 16 for tag in self._tags)

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text, upper and lower case as written, without padding."""
        return tuple(_text(value).strip(" \0") for value in self.values(keyword))

    def text(self, keyword: str) -> str:
        """The first value as text, or an empty string."""
        return next(iter(self.texts(keyword)), "")

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; none at all if one of them is not."""
        try:
            numbers = tuple(float(v) for v in self.values(keyword))
        except _BAD_VALUE:
            return ()
        return numbers if all(map(math.isfinite, numbers)) else ()

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number."""
        return next(iter(self.numbers(keyword)), None)

    def integer(self, keyword: str, default: int = 0) -> int:
        """The first value as an integer."""
        number = self.number(keyword)
        return default if number is None else int(number)

    def items(self, keyword: str) -> list[Header]:
        """The items of a sequence."""
        return [Header(item) for item in self.values(keyword) if isinstance(item, Dataset)]

    def item(self, keyword: str) -> Header:
        """The first item of a sequence, or an empty header."""
        return next(iter(self.items(keyword)), EMPTY)


def _plain_values(element: Any, keyword: str) -> tuple[Any, ...] | None:
    """The values of an element of plain ASCII or short numbers as they stand in the file, None if pydicom has to look.

    Nearly all that is asked for is such: converting each element takes most of the time of a large folder otherwise.
    """
    if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
        return None
    vr, value = element.VR or _dictionary_vr(keyword), element.value
    if vr == "US" and len(value) % 2 == 0:
        return struct.unpack(f"{'<' if element.is_little_endian else '>'}{len(value) // 2}H", value)
    if not (vr in ASCII_VRS or (vr in TEXT_VRS and ESCAPE not in value)) or not value.isascii():
        return None
    text = value.decode("ascii").rstrip(" \0")
    return tuple(text.split("\\")) if text else ()


@cache
def _dictionary_vr(keyword: str) -> str:
    return dictionary_VR(_tag(keyword))


@cache
def _tag(keyword: str) -> BaseTag:
    number = tag_for_keyword(keyword)
    if number is None:
        raise ValueError(f"{keyword} is not a keyword of the standard")
    return Tag(number)


def _text(value: Any) -> str:
    """As text; a name in a character set that is not as stated keeps its ASCII letters."""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    try:
        return str(value)
    except (LookupError, ValueError, TypeError, AttributeError):  # a person's name is decoded only now
        return bytes(getattr(value, "original_string", b"")).decode("ascii", "replace")


EMPTY = Header(Dataset())
