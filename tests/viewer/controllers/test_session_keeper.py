"""The reading is kept shortly after it changes, without holding up the window, and in the order of the changes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject

from napari_raddiag.controllers.session_keeper import SessionKeeper
from napari_raddiag.session import saved_session
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.saved_session import SessionStore
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from tests.viewer.session.made_cases import case

WAIT_MS = 5000


@pytest.fixture
def keeper(tmp_path: Path, owner: QObject, qtbot: QtBot) -> SessionKeeper:
    """Of an open case."""
    session = ReadingSession(owner)
    keeper = SessionKeeper(session, SessionStore(folder=tmp_path), dict, tuple, owner)
    session.open(case(), (Path("/cases/one"),))
    # Else what opening asks to be kept is written when a slow computer comes to it, in the middle of a test.
    keeper.end_well()
    return keeper


def test_names_that_were_asked_for_are_kept(tmp_path: Path, owner: QObject) -> None:
    session, asked = ReadingSession(owner), (NamedDisorder("Osteosarcoma", ("C41.9",)),)
    keeper = SessionKeeper(session, SessionStore(folder=tmp_path), dict, lambda: asked, owner)
    session.open(case(), (Path("/cases/one"),))
    keeper.save()
    assert json.loads(keeper.store.file.read_text())["asked"] == [{"name": "Osteosarcoma", "icd10cm": ["C41.9"]}]
    keeper.end_well()


def kept(keeper: SessionKeeper) -> list[str]:
    """Ids of the scans in use, as the file has them; empty without one."""
    file = keeper.store.file
    return (
        [name for name, scan in json.loads(file.read_text())["scans"].items() if scan["used"]] if file.exists() else []
    )


def test_a_change_is_written_in_the_background_by_itself(
    keeper: SessionKeeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_in: list[int] = []
    original = saved_session.write_private

    def seen(path: Path, data: dict[str, object]) -> None:
        written_in.append(threading.get_ident())
        original(path, data)

    monkeypatch.setattr(saved_session, "write_private", seen)
    keeper.session.use("b", False)
    qtbot.waitUntil(lambda: kept(keeper) == ["a"], timeout=WAIT_MS)
    assert threading.get_ident() not in written_in
    keeper.session.close()
    qtbot.waitUntil(lambda: not keeper.store.file.exists(), timeout=WAIT_MS)


def test_saving_at_once_is_at_once(keeper: SessionKeeper) -> None:
    keeper.save()
    assert kept(keeper) == ["a", "b"]
    keeper.session.close()
    keeper.save()
    assert not keeper.store.file.exists()


def test_a_slow_home_neither_holds_up_the_window_nor_mixes_the_order(
    keeper: SessionKeeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    original = saved_session.write_private

    def slow(path: Path, data: dict[str, object]) -> None:
        assert go_on.wait(10)
        original(path, data)

    monkeypatch.setattr(saved_session, "write_private", slow)
    keeper.save_in_background()
    keeper.session.use("b", False)
    keeper.save_in_background()
    keeper.session.close()
    keeper.save_in_background()
    keeper.session.open(case(), (Path("/cases/two"),))
    keeper.session.use("a", False)
    keeper.save_in_background()
    assert not keeper.store.file.exists()
    go_on.set()
    qtbot.waitUntil(lambda: kept(keeper) == ["b"], timeout=WAIT_MS)
    qtbot.wait(200)
    assert kept(keeper) == ["b"]


def test_nothing_comes_back_after_a_good_end(
    keeper: SessionKeeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    original = saved_session.to_mapping

    def slow(session: object) -> dict[str, object]:
        assert go_on.wait(10)
        return dict(original(session))

    monkeypatch.setattr(saved_session, "to_mapping", slow)
    keeper.save_in_background()
    keeper.save_in_background()
    threading.Timer(0.1, go_on.set).start()
    keeper.end_well()
    qtbot.wait(200)
    assert not keeper.store.file.exists()


@pytest.mark.parametrize("at_once", [True, False])
def test_a_full_disk_is_said(
    keeper: SessionKeeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    def full(path: Path, data: dict[str, object]) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(saved_session, "write_private", full)
    with qtbot.waitSignal(keeper.failed, timeout=WAIT_MS) as failed:
        (keeper.save if at_once else keeper.save_in_background)()
    assert "cannot be kept" in failed.args[0] and "No space left" in failed.args[0]


def test_a_folder_that_cannot_be_listed_is_said_and_offers_nothing(
    keeper: SessionKeeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(path: Path) -> None:
        raise OSError(116, "Stale file handle", str(path))

    monkeypatch.setattr(Path, "iterdir", stale)
    with qtbot.waitSignal(keeper.failed, timeout=WAIT_MS) as failed:
        keeper.find_left_behind()
    assert "Stale file handle" in failed.args[0] and keeper.left_behind is None
