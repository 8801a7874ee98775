"""Grey-scale windows of a header (VOI LUT module, PS3.3 C.11.2)."""

from __future__ import annotations

from typing import Literal

from raddiag_engine.cases import Window
from raddiag_engine.reading.dicom.header import Header

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
