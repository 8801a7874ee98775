"""What brings a reading back after a crash: paths, hashes, ticks, windows, questions; no person, image or result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from raddiag_engine.cases import Anatomy, Case, Modality, Window
from raddiag_engine.diagnosis.vocabulary import NamedDisorder


@dataclass(frozen=True)
class ScanState:
    """What the reader did to one scan.

    Attributes:
        used: Ticked.
        modality: As it stands, said by the file or by the reader.
        anatomy: The same.
        network_window: Given to the network by the reader; None for the prescribed one.
        display_window: On the screen; None if it was not changed.
    """

    used: bool
    modality: Modality
    anatomy: Anatomy
    network_window: Window | None = None
    display_window: Window | None = None


@dataclass(frozen=True)
class SavedSession:
    """One reading.

    Attributes:
        paths: Of the case.
        scans: Scan id (made from the content) -> its state.
        patient: Which of several patients in the files was picked, counted from 1; None if there is one.
        input_hash: What the network was given for the diagnosis that stood; empty without one.
        model_sha256: Of the model that made it.
        asked: The disorders that were asked for by name.
    """

    paths: tuple[str, ...]
    scans: dict[str, ScanState] = field(default_factory=dict)
    patient: int | None = None
    input_hash: str = ""
    model_sha256: str = ""
    asked: tuple[NamedDisorder, ...] = ()


def state_of_case(
    case: Case, windows: Mapping[str, Window], display_windows: Mapping[str, Window]
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
