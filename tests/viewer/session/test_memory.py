"""What outlives a viewer: paths and hashes, for the user alone, and only as long as wanted."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from napari_raddiag.session.next_case import CasePlace, place_of
from napari_raddiag.session.recent_cases import CAPACITY, RecentCases
from napari_raddiag.session.saved_session import SavedSession, SessionStore, restored, state_of_case
from raddiag_engine.cases import Anatomy, Modality, Window
from tests.viewer.session.made_cases import case, identified


def folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir()
    return [root / name for name in names]


def test_recent_cases_come_newest_first_and_once(tmp_path: Path) -> None:
    one, two = folders(tmp_path, "one", "two")
    recent = RecentCases(file=tmp_path / "recent.json")
    for path in (one, two, one):
        recent.add((path,))
    assert recent.list() == ((one,), (two,))


def test_a_case_that_is_gone_is_not_offered(tmp_path: Path) -> None:
    (one,) = folders(tmp_path, "one")
    recent = RecentCases(file=tmp_path / "recent.json")
    recent.add((one,))
    one.rmdir()
    assert recent.list() == ()


def test_the_list_is_short(tmp_path: Path) -> None:
    recent = RecentCases(file=tmp_path / "recent.json")
    for path in folders(tmp_path, *(f"case{n}" for n in range(CAPACITY + 3))):
        recent.add((path,))
    assert len(recent.list()) == CAPACITY


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's; Windows guards the profile folder")
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    recent = RecentCases(file=tmp_path / "deep" / "recent.json")
    recent.add((tmp_path,))
    assert stat.S_IMODE(recent.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(recent.file.parent.stat().st_mode) == 0o700


def test_switched_off_it_forgets_and_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "recent.json"
    RecentCases(file=file).add((tmp_path,))
    off = RecentCases(file=file, enabled=False)
    off.add((tmp_path,))
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 9}', '{"schema": 1, "cases": [1, [], [2]]}'])
def test_a_damaged_list_is_an_empty_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recent.json"
    file.write_text(text)
    assert RecentCases(file=file).list() == ()


def test_next_case_goes_in_natural_order(tmp_path: Path) -> None:
    two, ten, eleven = folders(tmp_path, "case2", "case10", "Case11")
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden").mkdir()
    places = [place_of((path,)) for path in (two, ten, eleven)]
    assert places == [CasePlace(1, 3, ten), CasePlace(2, 3, eleven), CasePlace(3, 3, None)]


def test_a_case_of_one_file_is_followed_by_the_next_file(tmp_path: Path) -> None:
    folders(tmp_path, "b")
    for name in ("a.png", "c.png"):
        (tmp_path / name).touch()
    assert place_of((tmp_path / "a.png",)) == CasePlace(1, 2, tmp_path / "c.png")
    assert place_of((tmp_path / "a.png", tmp_path / "c.png")) is None
    assert place_of((tmp_path / "gone.png",)) is None


def edited() -> tuple[SavedSession, set[str]]:
    """A session in which scan b is left out, c overruled, a said to be an ultrasound and shown otherwise."""
    opened = case()
    opened = opened.replacing(opened.scan("a").with_modality(Modality.ULTRASOUND, Anatomy.BREAST))
    opened = opened.using(frozenset({"a", "c"}))
    scans = state_of_case(opened, {"a": Window(40, 80)}, {"a": (0.0, 80.0)})
    return SavedSession((str(Path(__file__)),), scans, 2, "input", "model"), {"a", "c"}


def test_a_session_comes_back_from_its_file(tmp_path: Path) -> None:
    saved, used = edited()
    store = SessionStore(folder=tmp_path)
    store.file = tmp_path / "999999999.json"  # a viewer that is gone
    store.save(saved)
    again = SessionStore(folder=tmp_path).take_left_behind()
    assert again == saved
    opened, windows = restored(case(), again)
    assert {scan.id for scan in opened.used} == used and opened.overridden == {"c"}
    assert opened.scan("a").modality is Modality.ULTRASOUND and opened.scan("a").anatomy is Anatomy.BREAST
    assert windows == {"a": Window(40, 80)}
    assert list(tmp_path.iterdir()) == []


def test_a_session_of_a_running_viewer_is_left_alone(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        store = SessionStore(folder=tmp_path)
        store.file = tmp_path / f"{running.pid}.json"
        store.save(edited()[0])
        assert SessionStore(folder=tmp_path).take_left_behind() is None and store.file.exists()
    finally:
        running.kill()
        running.wait()
    assert SessionStore(folder=tmp_path).take_left_behind() is not None


def test_a_session_of_a_case_that_is_gone_is_dropped(tmp_path: Path) -> None:
    store = SessionStore(folder=tmp_path)
    store.file = tmp_path / "999999999.json"
    store.save(SavedSession((str(tmp_path / "gone"),)))
    (tmp_path / "999999998.json").write_text("{")
    assert SessionStore(folder=tmp_path).take_left_behind() is None and list(tmp_path.iterdir()) == []


def test_neither_names_nor_results_are_kept(tmp_path: Path) -> None:
    opened = case().replacing(identified("a", patient_id="4711", patient_name="DOE^JANE", birth_date="19700101"))
    store = SessionStore(folder=tmp_path)
    store.save(SavedSession((str(tmp_path),), state_of_case(opened, {}, {})))
    text = store.file.read_text()
    assert not {word for word in ("4711", "DOE", "1970", "probability") if word in text}
    assert set(json.loads(text)) == {"schema", "paths", "scans", "patient", "input_hash", "model_sha256"}
