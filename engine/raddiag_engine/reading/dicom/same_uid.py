"""Different images under one SOPInstanceUID, which is to name one image in the world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from raddiag_engine.cases import ScanWarning, WarningCode
from raddiag_engine.reading.dicom.frame import Frame

Claims = dict[str, set[Path]]


def claims_of(frames: Iterable[Frame]) -> Claims:
    """SOPInstanceUID -> the files that claim it, for those that several do."""
    files: Claims = defaultdict(set)
    for frame in frames:
        uid = frame.instance.uid
        if uid:
            files[uid].add(frame.instance.path)
    return {uid: paths for uid, paths in files.items() if len(paths) > 1}


def same_uid_warning(frames: Sequence[Frame], copies: Sequence[Frame], claims: Claims) -> ScanWarning | None:
    """A warning where a frame in use shares its UID with a file that is not known to be its copy.

    Args:
        frames: Of one scan.
        copies: Frames left out of it because their pixels are there already.
        claims: From `claims_of`.
    """
    copied = {frame.instance.path for frame in copies}
    slices = [
        index
        for index, frame in enumerate(frames)
        if claims.get(frame.instance.uid, set()) - copied - {frame.instance.path}
    ]
    if not slices:
        return None
    number = "1 image has" if len(slices) == 1 else f"{len(slices)} images have"
    text = f"{number} the SOPInstanceUID of another file with other pixels; a faulty export may have mixed images"
    return ScanWarning(WarningCode.CONTENT_SAME_UID, text, tuple(slices) if len(frames) > 1 else ())
