"""From DICOM files to scans."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.frame import Frame, frames_of
from raddiag_engine.reading.dicom.grouping import SLICED, group_frames
from raddiag_engine.reading.dicom.instance import Instance, read_instance
from raddiag_engine.reading.dicom.pixels import PixelFile
from raddiag_engine.reading.dicom.repetition import Stack, stacks_of
from raddiag_engine.reading.dicom.scan import scans_of_stack
from raddiag_engine.reading.dicom.volume import decode_volume
from raddiag_engine.reading.failures import as_read_error

Started = Callable[[Path, Literal["header", "pixels"]], None]


def read_dicom_files(files: Sequence[Path], started: Started) -> Iterator[Scan | Skipped]:
    """All scans in DICOM files, and the files that gave none.

    Every file is named again: among the sources of a scan, or as skipped.

    Args:
        files: In any order.
        started: Called before a file's header and before its pixels are parsed.
    """
    frames: list[Frame] = []
    for path in files:
        started(path, "header")
        try:
            with as_read_error(path, "read the DICOM header"):
                frames.extend(frames_of(read_instance(path)))
        except ReadError as error:
            yield Skipped(path, error.reason)
    for group in group_frames(frames):
        yield from _read_group(group, started)


def _read_group(group: list[Frame], started: Started) -> Iterator[Scan | Skipped]:
    try:
        with as_read_error(group[0].instance.path, "put its series together"):
            stacks = _stacks(group, started)
        for stack in stacks:
            with as_read_error(stack.frames[0].instance.path, "put its series together"):
                found = list(_read_stack(stack, started))
            yield from found
    except ReadError as error:
        yield from (Skipped(path, error.reason) for path in sorted(_paths(group)))


def _stacks(group: list[Frame], started: Started) -> list[Stack]:
    first = group[0]
    if not first.placed:
        return [Stack(group, is_loop=first.instance.frame_count > 1 and not _frames_are_slices(first.instance))]
    if len(group) == 1:
        return [Stack(group)]
    fingerprint = _Fingerprint(started)
    return stacks_of(group, fingerprint)


def _frames_are_slices(instance: Instance) -> bool:
    """True if the frames of a file that gives no positions are slices or views, not moments."""
    if instance.modality == "NM":
        return not {"DYNAMIC", "GATED", "TOMO", "GATED TOMO"} & set(instance.image_type)
    return instance.modality in SLICED or instance.modality == "SEG"


def _read_stack(stack: Stack, started: Started) -> Iterator[Scan | Skipped]:
    volume = decode_volume(stack.frames, lambda path: started(path, "pixels"))
    yield from volume.failures
    used = {frame.instance.path for frame in stack.frames}
    if volume.frames:
        copies = tuple(frame.instance.path for frame in stack.copies)
        yield from scans_of_stack(stack, volume, copies)
    else:
        yield from (Skipped(path, "a copy of a file that cannot be decoded") for path in _paths(stack.copies) - used)
    reason = "shows the places of another scan again; see the warning there"
    yield from (Skipped(path, reason) for path in sorted(_paths(stack.repeats) - used))


def _paths(frames: Sequence[Frame]) -> set[Path]:
    return {frame.instance.path for frame in frames}


class _Fingerprint:
    """Digest of a frame's pixels; keeps the last file open, as frames come file by file."""

    def __init__(self, started: Started) -> None:
        self.started = started
        self.file: PixelFile | None = None

    def __call__(self, frame: Frame) -> str:
        try:
            if self.file is None or self.file.path != frame.instance.path:
                self.started(frame.instance.path, "pixels")
                self.file = PixelFile(frame.instance)
            stored = self.file.frame(frame).stored
        except ReadError:  # reported when the scan is decoded; until then it is like no other
            return f"undecodable {frame.instance.path} {frame.index}"
        return hashlib.sha256(repr(frame.rescale).encode() + stored.tobytes()).hexdigest()
