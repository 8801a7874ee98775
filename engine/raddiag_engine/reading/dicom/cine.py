"""How fast the frames of a loop followed one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raddiag_engine.reading.dicom.frame import Frame

MILLISECONDS_PER_SECOND = 1000.0
# Frame rates, the measured before the recommended.
RATES = ("CineRate", "RecommendedDisplayFrameRate")


def frame_time_ms(frames: Sequence[Frame]) -> float | None:
    """Milliseconds from one frame to the next, None if the header does not say.

    FrameTime (0018,1063), else the median of FrameTimeVector (0018,1065), else a frame rate, else the median step of
    the trigger times of single images.
    """
    header = frames[0].instance.header
    given = header.number("FrameTime")
    if given and given > 0:
        return given
    steps = [step for step in header.numbers("FrameTimeVector") if step > 0]
    if steps:
        return float(np.median(steps))
    for keyword in RATES:
        rate = header.number(keyword)
        if rate and rate > 0:
            return MILLISECONDS_PER_SECOND / rate
    phases = [phase for frame in frames if isinstance(phase := frame.moments.get("cardiac phase"), float)]
    between = np.diff(sorted(set(phases)))
    return float(np.median(between)) if len(phases) == len(frames) and len(between) else None
