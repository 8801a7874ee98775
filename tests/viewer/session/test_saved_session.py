"""What outlives a crash: paths, ticks and windows, until the reader has answered; never of a reading that goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from napari_raddiag.session import saved_session
from napari_raddiag.session.saved_session import SessionStore, this_host
from napari_raddiag.session.session_state import SavedSession, restored, state_of_case
from raddiag_engine.cases import Anatomy, Modality, Window
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from tests.viewer.session.made_cases import case, identified

NOBODY = 999999999


def edited() -> tuple[SavedSession, set[str]]:
    """A session in which scan b is left out, c overruled, a said to be an ultrasound and shown otherwise."""
    opened = case()
    opened = opened.replacing(opened.scan("a").with_modality(Modality.ULTRASOUND, Anatomy.BREAST))
    opened = opened.using(frozenset({"a", "c"}))
    scans = state_of_case(opened, {"a": Window(40, 80)}, {"a": Window(0, 80, "SIGMOID")})
    asked = (NamedDisorder("Osteosarcoma", ("C41.9",)), NamedDisorder("Cyst"))
    return SavedSession(("/away/case",), scans, 2, "input", "model", asked), {"a", "c"}


def file_of(folder: Path, *, host: str = "", pid: int = NOBODY, ran_at: float | None = None) -> Path:
    """The name of the file of some viewer."""
    seconds = int(time.time() if ran_at is None else ran_at)
    return folder / f"{host or this_host()}.{pid}.{seconds}.0123abcd.json"


def left(folder: Path, session: SavedSession, **of: object) -> Path:
    """A session of a viewer that is gone, or of another one."""
    store = SessionStore(folder=folder)
    store.file = file_of(folder, **of)  # type: ignore[arg-type]
    store.save(session)
    return store.file


def test_a_session_comes_back_from_its_file_though_its_share_is_away(tmp_path: Path) -> None:
    saved, used = edited()
    left(tmp_path, saved)
    found = SessionStore(folder=tmp_path).find_left_behind()
    assert found is not None and found.session == saved
    opened, windows = restored(case(), found.session)
    assert {scan.id for scan in opened.used} == used and opened.overridden == {"c"}
    assert opened.scan("a").modality is Modality.ULTRASOUND and opened.scan("a").anatomy is Anatomy.BREAST
    assert windows == {"a": Window(40, 80)}


def test_it_is_offered_until_it_is_forgotten(tmp_path: Path) -> None:
    """A second crash, or closing without an answer, loses nothing."""
    left(tmp_path, edited()[0])
    store = SessionStore(folder=tmp_path)
    found = store.find_left_behind()
    store.save(SavedSession(("/another/case",)))
    store.discard()
    assert found is not None and SessionStore(folder=tmp_path).find_left_behind() == found
    store.forget(found)
    assert SessionStore(folder=tmp_path).find_left_behind() is None and list(tmp_path.iterdir()) == []


def test_the_newest_of_several_comes_first(tmp_path: Path) -> None:
    for pid, name in ((NOBODY, "new"), (NOBODY - 1, "old")):
        file = left(tmp_path, SavedSession((name,)), pid=pid)
        os.utime(file, (1000.0 + (name == "new"),) * 2)
    store, offered = SessionStore(folder=tmp_path), []
    while (found := store.find_left_behind()) is not None:
        offered.append(found.session.paths)
        store.forget(found)
    assert offered == [("new",), ("old",)]


def test_a_session_of_a_running_viewer_is_left_alone(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        left(tmp_path, edited()[0], pid=running.pid)
        assert SessionStore(folder=tmp_path).find_left_behind() is None
    finally:
        running.kill()
        running.wait()
    assert SessionStore(folder=tmp_path).find_left_behind() is not None


def test_another_program_under_the_number_of_a_viewer_is_not_taken_for_it(tmp_path: Path) -> None:
    left(tmp_path, edited()[0], pid=os.getpid(), ran_at=time.time() - 100 * 86400)
    assert SessionStore(folder=tmp_path).find_left_behind() is not None


def test_a_viewer_on_another_computer_is_left_alone(tmp_path: Path) -> None:
    """With one home for several computers, the number says nothing here."""
    file = left(tmp_path, edited()[0], host="another-computer")
    store = SessionStore(folder=tmp_path)
    assert store.find_left_behind() is None
    store.clear()
    assert file.exists()


def test_a_computer_may_be_called_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(saved_session.platform, "node", lambda: "ws 1.\xe9lys\xe9e/..\\")
    left(tmp_path, edited()[0])
    assert SessionStore(folder=tmp_path).find_left_behind() is not None


def test_two_viewers_of_one_process_keep_their_own(tmp_path: Path) -> None:
    first, second = SessionStore(folder=tmp_path), SessionStore(folder=tmp_path)
    first.save(SavedSession(("one",)))
    second.save(SavedSession(("two",)))
    second.discard()
    assert [json.loads(file.read_text())["paths"] for file in tmp_path.iterdir()] == [["one"]]


def test_a_damaged_file_is_not_offered(tmp_path: Path) -> None:
    file_of(tmp_path).write_text("{")
    file_of(tmp_path, pid=NOBODY - 1).write_text(json.dumps({"schema": saved_session.SCHEMA, "paths": [], "scans": {}}))
    assert SessionStore(folder=tmp_path).find_left_behind() is None


def test_switched_off_nothing_is_kept_offered_or_left(tmp_path: Path) -> None:
    left(tmp_path, edited()[0])
    off = SessionStore(folder=tmp_path, enabled=False)
    off.save(edited()[0])
    assert off.find_left_behind() is None
    off.clear()
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_late_does_not_undo_what_came_after(tmp_path: Path) -> None:
    """Threads overtake one another: the order in which the reader did things is what counts."""
    store = SessionStore(folder=tmp_path)
    first, second = store.turn(), store.turn()
    store.save(SavedSession(("second",)), second)
    store.save(SavedSession(("first",)), first)
    assert json.loads(store.file.read_text())["paths"] == ["second"]
    late = store.turn()
    store.discard()
    store.save(SavedSession(("late",)), late)
    assert not store.file.exists()
    early = store.turn()
    store.save(SavedSession(("reopened",)))
    store.discard(early)
    assert store.file.exists()


def test_the_end_waits_for_a_save_under_way_and_removes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, writing, go_on = SessionStore(folder=tmp_path), threading.Event(), threading.Event()
    original = saved_session.write_private

    def slow(path: Path, data: dict[str, object]) -> None:
        writing.set()
        assert go_on.wait(10)
        original(path, data)

    monkeypatch.setattr(saved_session, "write_private", slow)
    saving = threading.Thread(target=store.save, args=(edited()[0],))
    saving.start()
    assert writing.wait(10)
    threading.Timer(0.1, go_on.set).start()
    store.discard()
    saving.join()
    assert list(tmp_path.iterdir()) == []


def test_a_good_end_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SessionStore(folder=tmp_path)
    left(tmp_path, edited()[0])
    store.save(edited()[0])

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    store.discard()
    store.clear()
    assert store.file.exists()


def test_neither_names_nor_results_are_kept(tmp_path: Path) -> None:
    opened = case().replacing(identified("a", patient_id="4711", patient_name="DOE^JANE", birth_date="19700101"))
    store = SessionStore(folder=tmp_path)
    store.save(SavedSession((str(tmp_path),), state_of_case(opened, {}, {})))
    assert "4711" not in store.file.name
    text = store.file.read_text()
    assert not {word for word in ("4711", "DOE", "1970", "probability") if word in text}
    assert set(json.loads(text)) == {"schema", "paths", "scans", "patient", "input_hash", "model_sha256", "asked"}
