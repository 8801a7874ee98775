"""Values of DICOM elements as lists and texts."""

from __future__ import annotations

import struct
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

# What pydicom raises when an element is converted on first access and its bytes do not fit its VR.
BAD_VALUE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, NotImplementedError, struct.error)


def values_of(element: DataElement) -> list[Any]:
    """All values of an element."""
    return list(element.value) if isinstance(element.value, MultiValue | list | tuple) else [element.value]


def text_of(value: Any) -> str:
    """A value as text, empty for none."""
    if value is None:
        return ""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
