"""From DICOM files to scans."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from raddiag_engine.cases import Scan, ScanWarning, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.frame import Frame, frames_of
from raddiag_engine.reading.dicom.grouping import SLICED, group_frames, stands_alone
from raddiag_engine.reading.dicom.instance import Instance, read_instance
from raddiag_engine.reading.dicom.mosaic import mosaic_warnings, slices_of_mosaic
from raddiag_engine.reading.dicom.multi_frame import with_places
from raddiag_engine.reading.dicom.pixels import PixelFile
from raddiag_engine.reading.dicom.repetition import Stack, lone_stacks, stacks_of
from raddiag_engine.reading.dicom.same_uid import Claims, claims_of, same_uid_warning
from raddiag_engine.reading.dicom.scan import scans_of_stack
from raddiag_engine.reading.dicom.split_note import split_notes
from raddiag_engine.reading.dicom.volume import MOST_FAILURES_IN_A_ROW, decode_volume
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
                frames.extend(
                    part for frame in with_places(frames_of(read_instance(path))) for part in slices_of_mosaic(frame)
                )
        except ReadError as error:
            yield Skipped(path, error.reason)
    if not frames:
        return
    try:
        with as_read_error(frames[0].instance.path, "sort the files into series"):
            first = frames[0].instance.path
            groups = group_frames(frames, alive=lambda: started(first, "header"))
            notes = split_notes(groups)
            claims = claims_of(frames)
    except ReadError as error:
        yield from (Skipped(path, error.reason) for path in sorted(_paths(frames)))
        return
    for group, note in zip(groups, notes, strict=True):
        yield from _read_group(group, [note] if note else [], claims, started)


def _read_group(
    group: list[Frame], notes: list[ScanWarning], claims: Claims, started: Started
) -> Iterator[Scan | Skipped]:
    done: set[Path] = set()
    try:
        with as_read_error(group[0].instance.path, "put its series together"):
            stacks = _stacks(group, started)
        for stack in stacks:
            with as_read_error(stack.frames[0].instance.path, "put its series together"):
                fault = same_uid_warning(stack.frames, stack.copies, claims)
                stack.warnings = [*notes, *mosaic_warnings(stack.frames), *stack.warnings, *([fault] if fault else [])]
                found = list(_read_stack(stack, started))
            for item in found:
                done.update(item.sources if isinstance(item, Scan) else (item.path,))
            yield from found
    except ReadError as error:
        yield from (Skipped(path, error.reason) for path in sorted(_paths(group) - done))


def _stacks(group: list[Frame], started: Started) -> list[Stack]:
    first = group[0]
    if len(group) == 1:
        return [Stack(group)]
    if not first.placed:
        is_loop = first.instance.frame_count > 1 and not _frames_are_slices(first.instance)
        return (
            lone_stacks(group, _Fingerprint(started), is_loop=is_loop)
            if stands_alone(first)
            else [Stack(group, is_loop=is_loop)]
        )
    return stacks_of(group, _Fingerprint(started))


def _frames_are_slices(instance: Instance) -> bool:
    """True if the frames of a file that gives no positions are slices or views, not moments."""
    if instance.modality == "NM":
        return not {"DYNAMIC", "GATED", "TOMO", "GATED TOMO"} & set(instance.image_type)
    return instance.modality in SLICED or instance.modality in ("SEG", "RTDOSE")


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
    """Digest of a frame's pixels; keeps the last file open, as frames come file by file.

    What cannot be decoded is reported when the scan is; until then it is like no other.
    """

    def __init__(self, started: Started) -> None:
        self.started = started
        self.path: Path | None = None
        self.file: PixelFile | None = None
        self.failures_in_a_row = 0

    def __call__(self, frame: Frame) -> str:
        if self.path != frame.instance.path:
            self._open(frame.instance)
        self.started(frame.instance.path, "pixels")
        unlike_others = f"undecodable {frame.instance.path} {frame.index}"
        if self.file is None or self.failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
            return unlike_others
        try:
            decoded = self.file.frame(frame)
        except ReadError:
            self.failures_in_a_row += 1
            return unlike_others
        self.failures_in_a_row = 0
        colour = b"" if decoded.colour is None else decoded.colour.tobytes()
        return hashlib.sha256(repr(frame.rescale).encode() + decoded.stored.tobytes() + colour).hexdigest()

    def _open(self, instance: Instance) -> None:
        self.path, self.file, self.failures_in_a_row = instance.path, None, 0
        self.started(instance.path, "pixels")
        with suppress(ReadError):
            self.file = PixelFile(instance)
