"""Grey-scale windows of a header (VOI LUT module, PS3.3 C.11.2)."""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np
from pydicom.pixels.processing import apply_voi

from raddiag_engine.cases import Window
from raddiag_engine.reading.dicom.header import Header

TABLE_ENDS = 0.01, 0.99
FUNCTIONS: dict[str, Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]] = {
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}


def windows_of(place: Header) -> tuple[Window, ...]:
    """The windows given, in the header's order; those without a positive width are left out."""
    centers, widths = place.numbers("WindowCenter"), place.numbers("WindowWidth")
    names = place.texts("WindowCenterWidthExplanation")
    function = FUNCTIONS.get(place.text("VOILUTFunction").upper(), "LINEAR")
    windows = []
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width > 0:
            name = names[index] if index < len(names) else ""
            windows.append(Window(center, width, function, name))
    return tuple(dict.fromkeys(windows))


def window_of_table(header: Header) -> Window | None:
    """The window with the ends of the first VOI LUT (0028,3010), None if there is none that can be read.

    A table may hold any curve; what a window keeps of it is between which values it rises from 1 to 99 % of its range.
    """
    item = header.item("VOILUTSequence")
    described = item.numbers("LUTDescriptor")
    if len(described) != 3:
        return None
    length, first = int(described[0]) or 2**16, int(described[1])
    try:
        table = apply_voi(np.arange(first, first + length, dtype=np.int64), header.dataset).astype(np.float64)
    except (ValueError, TypeError, LookupError, NotImplementedError, AttributeError, struct.error):
        return None
    if header.integer("PixelRepresentation") == 1 and first >= 2**15:
        first -= 2**16  # a signed number under an unsigned VR
    shares = (table - table.min()) / max(np.ptp(table), 1)
    if table[0] > table[-1]:
        shares = 1 - shares
    above, below = np.flatnonzero(shares > TABLE_ENDS[0]), np.flatnonzero(shares < TABLE_ENDS[1])
    if not len(above) or not len(below) or below[-1] <= above[0]:
        return None
    low, high = first + float(above[0]), first + float(below[-1])
    return Window((low + high) / 2, high - low, "LINEAR_EXACT", item.text("LUTExplanation") or "table")
