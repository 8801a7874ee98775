"""Digital subtraction angiography: the mask taken off the frames it is meant for (PS3.3 C.7.6.10)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.reading.dicom.header import Header

AVERAGE, TIME_INTERVAL = "AVG_SUB", "TID"


class NotSubtractedError(ValueError):
    """The header asks for a subtraction that is not done here; its text says why."""


def is_to_be_subtracted(header: Header) -> bool:
    """True if the header holds a mask (0028,6100)."""
    return bool(header.items("MaskSubtractionSequence"))


def subtracted(frames_THW: NDArray[Any], header: Header) -> NDArray[np.float32]:
    """The frames of the applicable range, less the mean of their mask frames.

    Where values are proportional to the beam (0028,1040 LIN), logarithms are subtracted, since vessels add up there.

    Args:
        frames_THW: All frames of the file, after the modality LUT.
        header: Of the file.

    Returns:
        One frame for each in the range; negative where the contrast medium takes X-rays away.

    Raises:
        NotSubtractedError: Another operation, a pixel shift, or frames that are not there.
    """
    mask = header.item("MaskSubtractionSequence")
    operation = mask.text("MaskOperation").upper()
    if any(mask.numbers("MaskSubPixelShift")):
        raise NotSubtractedError("its mask is to be moved by parts of a pixel, which is not done here")
    values = frames_THW.astype(np.float32)
    if header.text("PixelIntensityRelationship").upper() == "LIN":
        values = np.log(np.maximum(values, 0) + 1)
    shown = _range(mask, len(values))
    if operation == AVERAGE:
        numbers = [int(number) - 1 for number in mask.numbers("MaskFrameNumbers")]
        if not numbers or min(numbers) < 0 or max(numbers) >= len(values):
            raise NotSubtractedError("the header names mask frames that the file does not hold")
        return values[shown] - values[numbers].mean(axis=0)
    if operation == TIME_INTERVAL:
        offset = mask.integer("TIDOffset", 1)
        shown = [index for index in shown if 0 <= index - offset < len(values)]
        if not shown:
            raise NotSubtractedError("no frame has a mask frame at the interval that the header gives")
        return values[shown] - values[[index - offset for index in shown]]
    raise NotSubtractedError(f"the mask operation {operation or 'that is not stated'} is not done here")


def _range(mask: Header, count: int) -> list[int]:
    """Zero-based frames of the first to last pairs of (0028,6102); all where there are none."""
    ends = [int(number) for number in mask.numbers("ApplicableFrameRange")]
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    if not pairs:
        return list(range(count))
    shown = sorted({index for first, last in pairs for index in range(first - 1, last) if 0 <= index < count})
    if not shown:
        raise NotSubtractedError("the header gives a range of frames that the file does not hold")
    return shown
