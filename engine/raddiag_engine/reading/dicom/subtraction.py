"""Digital subtraction angiography: the mask taken off the frames it is meant for (PS3.3 C.7.6.10)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.shared_memory import zeros

AVERAGE, TIME_INTERVAL, REVERSED_TIME_INTERVAL = "AVG_SUB", "TID", "REV_TID"


class NotSubtractedError(ValueError):
    """The header asks for a subtraction that is not done here; its text says why."""


def is_to_be_subtracted(header: Header) -> bool:
    """True if the header holds a mask (0028,6100)."""
    return bool(header.items("MaskSubtractionSequence"))


def subtracted(frames_THW: NDArray[Any], header: Header) -> NDArray[np.float32]:
    """The frames of the applicable range, less the mean of their mask frames.

    Where values are proportional to the beam (0028,1040 LIN), logarithms are subtracted, since vessels add up there.
    Frames are averaged before the subtraction where the header says so (0028,6112). Of several masks the first is used.

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
    is_linear = header.text("PixelIntensityRelationship").upper() == "LIN"

    def values(index: int) -> NDArray[np.float32]:
        frame = frames_THW[index].astype(np.float32)
        return np.log(np.maximum(frame, 0) + 1) if is_linear else frame

    def contrast(index: int) -> NDArray[np.float32]:
        return values(index) if averaged == 1 else np.mean([values(index + i) for i in range(averaged)], axis=0)

    averaged = max(mask.integer("ContrastFrameAveraging", 1), 1) if operation == AVERAGE else 1
    shown = [index for index in _range(mask, len(frames_THW)) if index + averaged <= len(frames_THW)]
    masks: dict[int, int] = {}
    mean: NDArray[Any] = np.zeros((), np.float32)
    if operation == AVERAGE:
        numbers = [int(number) - 1 for number in mask.numbers("MaskFrameNumbers")]
        if not numbers or min(numbers) < 0 or max(numbers) >= len(frames_THW) or not shown:
            raise NotSubtractedError("the header names mask or contrast frames that the file does not hold")
        mean = np.mean([values(number) for number in numbers], axis=0)
    elif operation in (TIME_INTERVAL, REVERSED_TIME_INTERVAL):
        masks = _masks_at_interval(mask, shown, len(frames_THW), is_reversed=operation == REVERSED_TIME_INTERVAL)
        shown = list(masks)
    else:
        raise NotSubtractedError(f"the mask operation {operation or 'that is not stated'} is not done here")
    differences = zeros((len(shown), *frames_THW.shape[1:]), np.float32)
    for there, index in enumerate(shown):
        differences[there] = contrast(index) - (values(masks[index]) if masks else mean)
    return differences


def _masks_at_interval(mask: Header, shown: list[int], count: int, *, is_reversed: bool) -> dict[int, int]:
    """The mask frame of each frame that has one: TID Offset (0028,6120) before it.

    Reversed, the mask frames run backwards while the shown ones run forwards, from that of the first shown one.
    """
    offset = mask.integer("TIDOffset", 1)
    if is_reversed and not mask.numbers("ApplicableFrameRange"):
        raise NotSubtractedError("the mask operation REV_TID needs a range of frames, which the header does not give")
    ahead = {index: index - shown[0] if is_reversed else 0 for index in shown}
    masks = {index: index - offset - 2 * ahead[index] for index in shown}
    masks = {index: number for index, number in masks.items() if 0 <= number < count}
    if not masks:
        raise NotSubtractedError("no frame has a mask frame at the interval that the header gives")
    return masks


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
