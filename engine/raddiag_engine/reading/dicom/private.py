"""Private elements of vendors, found by their creator; one that is absent or malformed counts as not there."""

from __future__ import annotations

from typing import Any

from pydicom.multival import MultiValue

from raddiag_engine.reading.dicom.header import Header

# (group, private creator, element offset in its block)
Place = tuple[int, str, int]


def private_value(header: Header, place: Place) -> Any:
    """The value as pydicom knows it, bytes where it does not know the element; None if it is not there."""
    group, creator, offset = place
    if not header.has_group(group):
        return None
    try:
        value = header.dataset.private_block(group, creator)[offset].value
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - elements are converted on first access, and raise what their bytes provoke
        return None
    return value[0] if isinstance(value, MultiValue | list) and len(value) else value


def private_number(header: Header, place: Place) -> float | None:
    """The first value as a number."""
    try:
        return float(private_text(header, place))
    except ValueError:
        return None


def private_text(header: Header, place: Place) -> str:
    """The first value as text, empty if it is not there."""
    value = private_value(header, place)
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").partition("\\")[0].strip(" \0")
    return "" if value is None else str(value).strip()


def private_bytes(header: Header, place: Place) -> bytes:
    """The value as it stands in the file, empty if it is not there or was converted."""
    value = private_value(header, place)
    return value if isinstance(value, bytes) else b""
