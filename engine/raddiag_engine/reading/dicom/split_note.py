"""Why the files of one series became several scans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from raddiag_engine.cases import ScanWarning, WarningCode
from raddiag_engine.cases.identity import patient_keys
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.grouping import COSINE_TOLERANCE, differences, stands_alone


def split_notes(groups: Sequence[Sequence[Frame]]) -> list[ScanWarning | None]:
    """For each group of frames a note if its series was split, with what tells the parts apart.

    Pictures that stand alone anyway, such as radiographs of one study, are not parts of anything.
    """
    by_series: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        if not stands_alone(group[0]):
            by_series[group[0].instance.series].append(number)
    notes: list[ScanWarning | None] = [None] * len(groups)
    for numbers in by_series.values():
        if len(numbers) > 1:
            names = _telling_apart([groups[number][0] for number in numbers])
            text = f"one of {len(numbers)} parts of its series, told apart by {' and '.join(names)}"
            for number in numbers:
                notes[number] = ScanWarning(WarningCode.CONTENT_SPLIT, text)
    return notes


def _telling_apart(frames: Sequence[Frame]) -> list[str]:
    found = [differences(frame) for frame in frames]
    names = [name for name in found[0] if len({repr(each[name]) for each in found}) > 1]
    patients = set(patient_keys(frame.instance.identity for frame in frames))
    spacings = {frame.spacing_mm for frame in frames}
    turned = any(
        frame.orientation is not None
        and frames[0].orientation is not None
        and np.abs(frame.orientation - frames[0].orientation).max() > COSINE_TOLERANCE
        for frame in frames
    )
    names += ["patient"] if len(patients) > 1 else []
    names += ["orientation"] if turned else []
    names += ["pixel spacing"] if len(spacings) > 1 else []
    return names or ["position"]
