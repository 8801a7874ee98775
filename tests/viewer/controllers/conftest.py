"""Cases that are "read" as a test says, without files, and what a controller told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.session.loaded_case import LoadedCase
from napari_raddiag.session.next_case import CasePlace
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases
from raddiag_engine.cases import Case, Identity
from raddiag_engine.errors import RaddiagError
from tests.viewer.session.made_cases import case, scan

WAIT_MS = 5000


def two_patients() -> Case:
    """Scan a is of the first patient, b of the second, c of nobody named."""
    scans = (replace(scan("a"), identity=Identity("1")), replace(scan("b", seed=1), identity=Identity("2")))
    return Case((*scans, scan("c", seed=2)))


class Reading:
    """Stands for `load_case`: "two" has two patients, "bad" cannot be read, "hung" never says anything again."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun = threading.Event()
        self.threads: list[int] = []

    def __call__(
        self,
        paths: tuple[Path, ...],
        progress: Callable[[int, int, str], None],
        cancelled: Callable[[], bool],
        found: Callable[[LoadedCase], None],
    ) -> LoadedCase:
        self.threads.append(threading.get_ident())
        name = paths[0].name
        progress(0, 2, f"reading {name}")
        first = case().scans[0]
        found(LoadedCase(Case((first,)), paths, {first.id: np.zeros((2, 2), np.uint8)}))
        self.begun.set()
        if name == "hung":
            self.let_go.wait(30)
            progress(1, 2, "reading the rest")
        if name == "bad":
            raise RaddiagError("bad: is no image; export it again")
        found = two_patients() if name == "two" else case()
        pictures = {each.id: np.zeros((2, 2), np.uint8) for each in found.scans}
        return LoadedCase(found, paths, pictures, CasePlace(1, 2, paths[0].with_name("next")))


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    """What stands for reading files; let go at the end."""
    reading = Reading()
    monkeypatch.setattr("napari_raddiag.controllers.case_opener.load_case", reading)
    yield reading
    reading.let_go.set()


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[QObject]:
    """Stands for the panel: what it owns is destroyed here, and not in whichever thread collects garbage next."""
    owner = QObject()
    yield owner
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def opener(reading: Reading, tmp_path: Path, owner: QObject, qtbot: QtBot) -> CaseOpener:
    """Of a session of its own."""
    opener = CaseOpener(ReadingSession(owner), RecentCases(file=tmp_path / "recent.json"), owner)
    with qtbot.waitSignal(opener.recent_changed, timeout=WAIT_MS):
        pass
    return opener


@pytest.fixture
def told(opener: CaseOpener) -> list[tuple[str, Any]]:
    """What the opener says, in order."""
    told: list[tuple[str, Any]] = []
    opener.reading.connect(lambda on: told.append(("reading", on)))
    opener.opened.connect(lambda loaded: told.append(("opened", loaded.paths[0].name)))
    opener.failed.connect(lambda line: told.append(("failed", line)))
    opener.patients_found.connect(lambda found: told.append(("patients", len(found.patients))))
    opener.progress.connect(lambda done, total, what: told.append(("progress", what)))
    return told


def open_name(opener: CaseOpener, name: str, qtbot: QtBot, patient: int | None = None) -> None:
    """Open a case and wait until its reading has ended, however it did."""
    opener.open((Path("/cases") / name,), patient)
    qtbot.waitUntil(lambda: not opener.is_reading, timeout=WAIT_MS)
