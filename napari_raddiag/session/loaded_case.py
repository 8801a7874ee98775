"""A case as the window needs it: read, hashed and pictured in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.session.thumbnail import thumbnail
from raddiag_engine.cases import Case, Scan, Window
from raddiag_engine.errors import CaseError, ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.preparation.plan import plan_scan
from raddiag_engine.reading import read_case


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case, and what would hold up the window if it were made there.

    Attributes:
        case: As read, of one or several patients; the scans' content hashes are computed.
        paths: It was read from.
        thumbnails: Scan id -> grey picture.
    """

    case: Case
    paths: tuple[Path, ...]
    thumbnails: Mapping[str, NDArray[np.uint8]]


def load_case(
    paths: tuple[Path, ...], progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]
) -> LoadedCase:
    """Read a case; as a `Work`, to be run in a thread.

    Raises:
        ReadError: No scan in any of the files, or a path that is not there.
        Cancelled: Through `progress`.
    """
    case = read_case(paths, progress=progress)
    thumbnails = {}
    for index, scan in enumerate(case.scans):
        progress(index, len(case.scans), "looking at the scans")
        # Kept by the scan: hashing a large volume takes part of a second.
        _ = scan.content_hash
        thumbnails[scan.id] = thumbnail(scan)
    return LoadedCase(case, paths, thumbnails)


def what_network_sees(scan: Scan, card: ModelCard, window: Window | None) -> str:
    """The preparation of a scan in words, or why it cannot be prepared."""
    try:
        return plan_scan(scan, card.preparation, window).describe()
    except (CaseError, ConfigError) as error:
        return str(error)
