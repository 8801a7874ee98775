"""A reading that a crash ended comes back when the reader wants it, into its own case, and is lost by nothing else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.restorer import Restorer
from napari_raddiag.controllers.session_keeper import SessionKeeper
from napari_raddiag.session.saved_session import SessionStore, this_host
from napari_raddiag.session.session_state import SavedSession, state_of_case
from napari_raddiag.widgets.restore_offer import RestoreOffer
from raddiag_engine.cases import Modality, Window
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from tests.viewer.controllers.conftest import WAIT_MS, Reading, open_name, two_patients
from tests.viewer.session.made_cases import case

NOBODY = 999999999
ASKED = NamedDisorder("Osteosarcoma", ("C41.9",))
WINDOW = Window(1, 2, "LINEAR")


class Elsewhere:
    """Stands for the canvas, the runner of diagnoses and the asker by name, which are only told what to do."""

    def __init__(self) -> None:
        self.windows: list[dict[str, Window]] = []
        self.diagnoses = 0
        self.asked: tuple[NamedDisorder, ...] = ()

    def restore(self, vocabulary: tuple[NamedDisorder, ...]) -> None:
        self.asked = vocabulary

    def restore_windows(self, windows: dict[str, Window]) -> None:
        self.windows.append(windows)

    def diagnose_when_ready(self) -> None:
        self.diagnoses += 1


class Desk:
    """A viewer that starts after another one crashed while it showed `name`."""

    def __init__(self, opener: CaseOpener, folder: Path, name: str, qtbot: QtBot) -> None:
        before = two_patients() if name == "two" else case().replacing(case().scan("a").with_modality(Modality.CT))
        saved = SavedSession(
            (f"/cases/{name}",),
            state_of_case(before.using(frozenset({"a"})), {}, {"a": WINDOW}),
            2 if name == "two" else None,
            "input",
            "model",
            (ASKED,),
        )
        crashed = SessionStore(folder=folder)
        crashed.file = folder / f"{this_host()}.{NOBODY}.1.0123abcd.json"
        crashed.save(saved)
        self.left = crashed.file
        self.opener = opener
        self.elsewhere = Elsewhere()
        self.keeper = SessionKeeper(opener.session, SessionStore(folder=folder), dict, tuple, opener.parent())
        elsewhere = cast(Any, self.elsewhere)
        self.restorer = Restorer(self.keeper, opener, elsewhere, elsewhere, elsewhere, opener.parent())
        self.view = RestoreOffer()
        qtbot.addWidget(self.view)
        self.view.restore_requested.connect(self.restorer.restore)
        self.view.forget_requested.connect(self.restorer.forget)
        with qtbot.waitSignal(self.keeper.looked, timeout=WAIT_MS):
            self.restorer.offer(self.view)

    @property
    def offered(self) -> bool:
        return not self.view.isHidden()

    def restored(self) -> bool:
        """True if ticks and modality of the crashed viewer lie over the case."""
        now = self.opener.session.case
        return now is not None and [scan.id for scan in now.used] == ["a"] and bool(self.elsewhere.windows)


@pytest.fixture
def desk(opener: CaseOpener, tmp_path: Path, qtbot: QtBot) -> Desk:
    """Its predecessor showed "one"."""
    return Desk(opener, tmp_path / "sessions", "one", qtbot)


def until_read(desk: Desk, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not desk.opener.is_reading, timeout=WAIT_MS)


def test_restoring_brings_ticks_and_modality_and_then_the_file_goes(desk: Desk, qtbot: QtBot) -> None:
    assert desk.offered and desk.left.exists()
    desk.view.restore.click()
    until_read(desk, qtbot)
    session = desk.opener.session
    assert desk.restored() and session.case is not None and session.case.scan("a").modality is Modality.CT
    assert desk.elsewhere.windows == [{"a": WINDOW}] and desk.elsewhere.diagnoses == 1
    assert desk.elsewhere.asked == (ASKED,)
    qtbot.waitUntil(lambda: not desk.left.exists(), timeout=WAIT_MS)
    assert desk.keeper.store.file.exists() and not desk.offered


def test_it_is_looked_for_in_the_background(
    opener: CaseOpener, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_in: list[int] = []
    original = SessionStore.find_left_behind

    def seen(store: SessionStore) -> object:
        looked_in.append(threading.get_ident())
        return original(store)

    monkeypatch.setattr(SessionStore, "find_left_behind", seen)
    assert Desk(opener, tmp_path / "sessions", "one", qtbot).offered
    assert len(looked_in) == 1 and looked_in != [threading.get_ident()]


def test_forgetting_removes_it(desk: Desk, qtbot: QtBot) -> None:
    desk.view.forget.click()
    qtbot.waitUntil(lambda: not desk.left.exists(), timeout=WAIT_MS)
    desk.restorer.restore()
    assert not desk.opener.is_reading


def test_another_case_and_a_good_end_leave_it_for_the_next_viewer(desk: Desk, qtbot: QtBot) -> None:
    open_name(desk.opener, "other", qtbot)
    assert not desk.restored() and desk.elsewhere.diagnoses == 0
    desk.keeper.save()
    desk.keeper.end_well()
    assert desk.left.exists() and not desk.keeper.store.file.exists()


def test_cancelling_it_does_not_put_it_over_the_next_case(desk: Desk, reading: Reading, qtbot: QtBot) -> None:
    desk.view.restore.click()
    desk.opener.cancel()
    assert desk.offered and desk.left.exists()
    open_name(desk.opener, "one", qtbot)
    assert desk.opener.session.case is not None and not desk.restored() and desk.left.exists()


def test_opening_another_case_instead_does_not_put_it_over_that_one(desk: Desk, qtbot: QtBot) -> None:
    desk.view.restore.click()
    open_name(desk.opener, "other", qtbot)
    assert desk.opener.session.paths == (Path("/cases/other"),) and not desk.restored() and desk.left.exists()


def test_a_share_that_is_away_leaves_the_offer(opener: CaseOpener, tmp_path: Path, qtbot: QtBot) -> None:
    desk = Desk(opener, tmp_path / "sessions", "bad", qtbot)
    desk.view.restore.click()
    assert not desk.offered
    until_read(desk, qtbot)
    assert desk.offered and desk.left.exists()
    open_name(opener, "one", qtbot)
    assert not desk.restored() and desk.left.exists()


def test_the_patient_who_was_picked_is_picked_again(opener: CaseOpener, tmp_path: Path, qtbot: QtBot) -> None:
    desk = Desk(opener, tmp_path / "sessions", "two", qtbot)
    desk.view.restore.click()
    until_read(desk, qtbot)
    assert opener.session.patient == 2 and desk.elsewhere.windows and desk.elsewhere.diagnoses == 1


def test_an_offer_that_is_found_late_does_not_come_over_an_open_case(
    opener: CaseOpener, tmp_path: Path, qtbot: QtBot
) -> None:
    open_name(opener, "one", qtbot)
    desk = Desk(opener, tmp_path / "sessions", "one", qtbot)
    assert not desk.offered and desk.left.exists()
