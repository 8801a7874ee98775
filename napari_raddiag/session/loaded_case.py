"""A case as the window needs it: read, hashed and pictured in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.grey_window import automatic_window
from napari_raddiag.session.next_case import CasePlace, place_of
from napari_raddiag.session.thumbnail import thumbnail
from raddiag_engine.cases import Case, Scan, Window
from raddiag_engine.errors import CaseError, ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.preparation.plan import plan_scan
from raddiag_engine.reading import one_patient, read_case


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case, and what would hold up the window if it were made there.

    Attributes:
        case: As read, of one or several patients; the scans' content hashes are computed.
        paths: It was read from.
        thumbnails: Scan id -> grey picture.
        place: Among the cases beside it, when it was read; None if it has none.
        automatic_windows: Scan id -> window from the scan's own values, None if it holds none; of grey scans.
    """

    case: Case
    paths: tuple[Path, ...]
    thumbnails: Mapping[str, NDArray[np.uint8]]
    place: CasePlace | None = None
    automatic_windows: Mapping[str, Window | None] = field(default_factory=dict)


def load_case(
    paths: tuple[Path, ...],
    progress: Callable[[int, int, str], None],
    cancelled: Callable[[], bool],
    found: Callable[[LoadedCase], None] = lambda first: None,
) -> LoadedCase:
    """Read a case; but for `found` a `Work`, to be run in a thread.

    Args:
        paths: Files and folders.
        progress: Told how far it is.
        cancelled: Asked by nobody, as `progress` raises.
        found: Called once, in this thread, with the first usable scan as a case of its own while others are still read.

    Raises:
        ReadError: No scan in any of the files, or a path that is not there.
        Cancelled: Through `progress`.
    """
    first: list[LoadedCase] = []

    def tell_first(scan: Scan) -> None:
        if scan.usable and not first:
            first.append(_looked_at(Case((scan,)), paths, lambda *step: None))
            found(first[0])

    case = read_case(paths, progress=progress, found=tell_first)
    return replace(_looked_at(case, paths, progress), place=place_of(paths))


def _looked_at(case: Case, paths: tuple[Path, ...], progress: Callable[[int, int, str], None]) -> LoadedCase:
    thumbnails, automatic = {}, {}
    for index, scan in enumerate(case.scans):
        progress(index, len(case.scans), "looking at the scans")
        # Kept by the scan: hashing a large volume takes part of a second.
        _ = scan.content_hash
        thumbnails[scan.id] = thumbnail(scan)
        if scan.colour is None:
            automatic[scan.id] = automatic_window(scan)
    return LoadedCase(case, paths, thumbnails, automatic_windows=automatic)


def patient_alone(
    loaded: LoadedCase,
    number: int,
    progress: Callable[[int, int, str], None],
    cancelled: Callable[[], bool],
) -> LoadedCase:
    """The scans and pictures of one of several patients, and of nobody named; as a `Work`.

    Args:
        number: Of the patient, counted from 1, as in `Case.of_patient`.

    Raises:
        CaseError: There is no such patient.
        Cancelled: Through `progress`.
    """
    case = one_patient(loaded.case, number)
    for index, scan in enumerate(case.scans):
        progress(index, len(case.scans), "looking at the scans")
        _ = scan.content_hash
    pictures = {scan.id: loaded.thumbnails[scan.id] for scan in case.scans}
    automatic = {i: window for i, window in loaded.automatic_windows.items() if i in pictures}
    return replace(loaded, case=case, thumbnails=pictures, automatic_windows=automatic)


def what_network_sees(scan: Scan, card: ModelCard, window: Window | None) -> str:
    """The preparation of a scan in words, or why it cannot be prepared."""
    try:
        return plan_scan(scan, card.preparation, window).describe()
    except (CaseError, ConfigError) as error:
        return str(error)
