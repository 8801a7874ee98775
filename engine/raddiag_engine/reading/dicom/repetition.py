"""Several frames at one place: copies of a slice, repetitions in time, or a conflict."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from raddiag_engine.cases import ScanWarning, WarningCode
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.stack import SAME_PLACE_MM, distances_along_normal

# Few values of these are different images that are read side by side; the others, and many of these, are a film.
SIDE_BY_SIDE = {"b-value", "acquisition"}
MOST_SIDE_BY_SIDE = 4
FEWEST_SLICES = 3


@dataclass
class Stack:
    """Frames of one scan, sorted by place, one frame a place (or, in a loop, by time at one place).

    Attributes:
        frames: What the scan is made of.
        copies: Frames left out because another has the same pixels at the same place.
        repeats: Frames of the same places that are left out because another repetition is used.
        is_loop: True if all frames show one place: the first axis is time.
        conflict: Why the stack cannot be trusted, None if it can.
        warnings: What was done.
    """

    frames: list[Frame]
    copies: list[Frame] = field(default_factory=list)
    repeats: list[Frame] = field(default_factory=list)
    is_loop: bool = False
    conflict: str | None = None
    warnings: list[ScanWarning] = field(default_factory=list)


def stacks_of(frames: Sequence[Frame], digest: Callable[[Frame], Hashable]) -> list[Stack]:
    """Sort placed frames of one orientation into stacks with one frame a place.

    Args:
        frames: In acquisition order, all placed.
        digest: Fingerprint of a frame's pixels; asked for only where frames might be copies.
    """
    place = _places(frames)
    kept, copies = _without_copies(frames, place, digest)
    counts = Counter(place[id(frame)] for frame in kept)
    copied = []
    if copies:
        text = f"{len(copies)} slices are in the files twice with the same pixels; one of each is used"
        slices = sorted({place[id(frame)] for frame in copies})
        copied = [ScanWarning(WarningCode.GEOMETRY_DUPLICATE, text, tuple(slices))]

    def sorted_by_place(part: Sequence[Frame]) -> list[Frame]:
        return sorted(part, key=lambda frame: place[id(frame)])

    if max(counts.values()) == 1:
        return [Stack(sorted_by_place(kept), copies, warnings=copied)]
    name, parts = _partition(kept, place)
    if parts is None:
        first = list({place[id(frame)]: frame for frame in reversed(kept)}.values())
        chosen = {id(frame) for frame in first}
        rest = [frame for frame in kept if id(frame) not in chosen]
        clash = sum(1 for count in counts.values() if count > 1)
        text = f"{clash} slices are in the files twice with different pixels; which is right is unknown"
        warning = ScanWarning(WarningCode.GEOMETRY_DUPLICATE, text)
        return [Stack(sorted_by_place(first), copies, rest, conflict=text, warnings=[*copied, warning])]
    if len(counts) == 1 and len(parts) >= FEWEST_SLICES:
        text = f"{len(parts)} frames show one place, by {name}: a loop in time"
        loop = [part[0] for part in parts]
        return [Stack(loop, copies, is_loop=True, warnings=[*copied, ScanWarning(WarningCode.CONTENT_CINE, text)])]
    if name in SIDE_BY_SIDE and len(parts) <= MOST_SIDE_BY_SIDE:
        text = f"one of {len(parts)} parts of its series, told apart by {name}"
        note = ScanWarning(WarningCode.CONTENT_SPLIT, text)
        stacks = [Stack(sorted_by_place(part), warnings=[*copied, note]) for part in parts]
        stacks[0].copies = copies
        return stacks
    repeats = [frame for part in parts[1:] for frame in part]
    text = f"the series shows one volume {len(parts)} times, by {name} (4D); the first is used"
    warning = ScanWarning(WarningCode.CONTENT_FOUR_DIMENSIONAL, text)
    return [Stack(sorted_by_place(parts[0]), copies, repeats, warnings=[*copied, warning])]


def lone_stacks(frames: Sequence[Frame], digest: Callable[[Frame], Hashable], *, is_loop: bool) -> list[Stack]:
    """Stacks of pictures without a place that claim to be the same one: copies are dropped, others stand alone.

    Args:
        frames: In acquisition order; those of a file follow one another, as do the parts of a concatenation.
        digest: Fingerprint of a frame's pixels; asked for only where there are several files.
        is_loop: True if the frames of a file are moments.
    """
    by_place: dict[int, list[Frame]] = defaultdict(list)
    by_file: dict[object, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_place[frame.order[2]].append(frame)
        by_file[frame.instance.path].append(frame)
    if len(by_file) == 1 or max(map(len, by_place.values())) == 1:
        return [Stack(sorted(frames, key=lambda frame: frame.order[2]), is_loop=is_loop)]
    stacks: dict[tuple[Hashable, ...], Stack] = {}
    for part in by_file.values():
        fingerprint = tuple(digest(frame) for frame in part)
        if fingerprint in stacks:
            stacks[fingerprint].copies += part
        else:
            stacks[fingerprint] = Stack(part, is_loop=is_loop)
    for stack in stacks.values():
        if stack.copies:
            text = "the file is there several times with the same pixels; one is used"
            stack.warnings.append(ScanWarning(WarningCode.GEOMETRY_DUPLICATE, text))
    return list(stacks.values())


def _places(frames: Sequence[Frame]) -> dict[int, int]:
    """Number of the place of every frame (by its id), counted along the normal."""
    positions = np.array([frame.position_mm for frame in frames])
    orientation = frames[0].orientation
    assert orientation is not None
    distances = distances_along_normal(positions, orientation)
    order = np.argsort(distances, kind="stable")
    steps = np.diff(distances[order], prepend=distances[order[0]])
    numbers = np.cumsum(steps > SAME_PLACE_MM)
    return {id(frames[i]): int(number) for i, number in zip(order, numbers, strict=True)}


def _without_copies(
    frames: Sequence[Frame], place: dict[int, int], digest: Callable[[Frame], Hashable]
) -> tuple[list[Frame], list[Frame]]:
    """Drop frames that equal an earlier one in place, repetition and pixels; pixels are compared last."""
    alike: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        moments = tuple(value for name, value in frame.moments.items() if name != "file")
        alike[(place[id(frame)], *moments)].append(frame)
    copies: list[Frame] = []
    for group in alike.values():
        seen: set[Hashable] = set()
        for frame in group if len(group) > 1 else ():
            fingerprint = digest(frame)
            copies += [frame] if fingerprint in seen else []
            seen.add(fingerprint)
    dropped = {id(frame) for frame in copies}
    return [frame for frame in frames if id(frame) not in dropped], copies


def _partition(frames: Sequence[Frame], place: dict[int, int]) -> tuple[str, list[list[Frame]] | None]:
    """Parts with one frame a place, by the first attribute that tells repetitions apart, and its name."""
    places = len(set(place.values()))
    for name in frames[0].moments:
        parts: dict[object, list[Frame]] = defaultdict(list)
        for frame in frames:
            parts[frame.moments[name]].append(frame)
        in_order = [parts[key] for key in sorted(parts, key=_sortable)]
        fewest = min(FEWEST_SLICES, places)
        whole = [part for part in in_order if len(part) >= fewest]
        # One may be a rest, where a scan was broken off.
        rest = [part for part in in_order if len(part) < fewest]
        if len(whole) > 1 and len(rest) <= 1 and all(_one_a_place(part, place) for part in in_order):
            return name, whole + rest
    at_place: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        at_place[place[id(frame)]].append(frame)
    if len({len(group) for group in at_place.values()}) == 1 and len({frame.order for frame in frames}) == len(frames):
        return "order of acquisition", [list(part) for part in zip(*at_place.values(), strict=True)]
    return "", None


def _one_a_place(frames: Sequence[Frame], place: dict[int, int]) -> bool:
    return len({place[id(frame)] for frame in frames}) == len(frames)


def _sortable(value: object) -> tuple[bool, str, float]:
    if isinstance(value, int | float):
        return True, "", float(value)
    return value is not None, str(value), 0.0
