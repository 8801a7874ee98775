"""What brings a reading back after a crash: paths, hashes, ticks and windows; no name, no image, no result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_raddiag.session.private_file import read_private, viewer_folder, write_private
from raddiag_engine.cases import Anatomy, Case, Modality, Window
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError

SCHEMA = 1


@dataclass(frozen=True)
class ScanState:
    """What the reader did to one scan.

    Attributes:
        used: Ticked.
        modality: As it stands, said by the file or by the reader.
        anatomy: The same.
        network_window: Given to the network by the reader; None for the prescribed one.
        display_window: (centre, width) on the screen; None if it was not changed.
    """

    used: bool
    modality: Modality
    anatomy: Anatomy
    network_window: Window | None = None
    display_window: tuple[float, float] | None = None


@dataclass(frozen=True)
class SavedSession:
    """One reading.

    Attributes:
        paths: Of the case.
        scans: Scan id (made from the content) -> its state.
        patient: Which of several patients in the files was picked, counted from 1; None if there is one.
        input_hash: What the network was given for the diagnosis that stood; empty without one.
        model_sha256: Of the model that made it.
    """

    paths: tuple[str, ...]
    scans: dict[str, ScanState] = field(default_factory=dict)
    patient: int | None = None
    input_hash: str = ""
    model_sha256: str = ""


def state_of_case(
    case: Case, windows: Mapping[str, Window], display_windows: Mapping[str, tuple[float, float]]
) -> dict[str, ScanState]:
    """What the reader did to every scan of a case."""
    return {
        scan.id: ScanState(
            case.is_used(scan), scan.modality, scan.anatomy, windows.get(scan.id), display_windows.get(scan.id)
        )
        for scan in case.scans
    }


def restored(case: Case, saved: SavedSession) -> tuple[Case, dict[str, Window]]:
    """The case as the reader left it; scans that were not there then keep their own state."""
    for scan in case.scans:
        state = saved.scans.get(scan.id)
        if state is not None and state.modality is not scan.modality:
            case = case.replacing(scan.with_modality(state.modality, state.anatomy))
        elif state is not None and state.anatomy is not scan.anatomy:
            case = case.replacing(scan.with_modality(scan.modality, state.anatomy))
    used = {
        scan.id for scan in case.scans if (saved.scans[scan.id].used if scan.id in saved.scans else case.is_used(scan))
    }
    windows = {
        scan.id: window
        for scan in case.scans
        if scan.id in saved.scans and (window := saved.scans[scan.id].network_window) is not None
    }
    return case.using(frozenset(used)), windows


class SessionStore:
    """One file for each viewer that runs; it is left behind by one that crashed.

    Args:
        enabled: False keeps nothing.
        folder: Of the files; the user's own by default.
    """

    def __init__(self, *, enabled: bool = True, folder: Path | None = None) -> None:
        self.enabled = enabled
        self.folder = folder or viewer_folder() / "sessions"
        self.file = self.folder / f"{os.getpid()}.json"

    def save(self, session: SavedSession) -> None:
        """Write this viewer's session.

        Raises:
            OSError: It cannot be written.
        """
        if self.enabled:
            write_private(self.file, {"schema": SCHEMA, **to_mapping(session)})

    def discard(self) -> None:
        """The reading ended well: nothing is to be restored."""
        self.file.unlink(missing_ok=True)

    def take_left_behind(self) -> SavedSession | None:
        """The newest session of a viewer that is gone; all such files are removed, damaged ones too."""
        found: list[tuple[float, SavedSession]] = []
        for file in self.folder.glob("*.json"):
            if _is_of_a_running_viewer(file):
                continue
            if (session := _read(file)) is not None:
                found.append((file.stat().st_mtime, session))
            file.unlink(missing_ok=True)
        return max(found, key=lambda entry: entry[0])[1] if found and self.enabled else None

    def clear(self) -> None:
        """Forget all sessions, those of viewers that are gone included."""
        self.take_left_behind()
        self.discard()


def _read(file: Path) -> SavedSession | None:
    data = read_private(file, SCHEMA)
    if data is None:
        return None
    try:
        session = from_mapping(SavedSession, {key: value for key, value in data.items() if key != "schema"})
    except ConfigError:
        return None
    return session if session.paths and all(Path(path).exists() for path in session.paths) else None


def _is_of_a_running_viewer(file: Path) -> bool:
    """True if the process that the file is named after ran when the file was written, and still does."""
    import psutil

    if not file.stem.isdecimal():
        return False
    try:
        # A process that started later got the same number by chance.
        return psutil.Process(int(file.stem)).create_time() <= file.stat().st_mtime
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's: not a viewer of ours
        return False
