"""Opening cases: nothing is waited for, what is given up never comes, and one patient is all that stays."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject

from napari_raddiag.controllers import case_opener
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.session import next_case
from napari_raddiag.session.loaded_case import LoadedCase, load_case
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases
from raddiag_resources import path_of
from tests.engine.reading.dicom_files import noise, write_series
from tests.viewer.controllers.conftest import WAIT_MS, Reading, open_name
from tests.viewer.session.made_cases import case

Told = list[tuple[str, Any]]
HUNG = (Path("/cases/hung"),)


def test_a_case_is_read_in_the_background_and_told_of_in_the_window(
    opener: CaseOpener, told: Told, reading: Reading, qtbot: QtBot
) -> None:
    told_in: set[int] = set()
    opener.progress.connect(lambda *_step: told_in.add(threading.get_ident()))
    open_name(opener, "one", qtbot)
    assert told == [("reading", True), ("progress", "reading one"), ("opened", "one"), ("reading", False)]
    assert reading.threads != [threading.get_ident()] and told_in == {threading.get_ident()}
    assert opener.session.case is not None and opener.opening is None


def test_cancel_frees_the_window_at_once_and_the_case_that_was_open_stays(
    opener: CaseOpener, told: Told, reading: Reading, qtbot: QtBot
) -> None:
    open_name(opener, "one", qtbot)
    before = opener.session.case
    reading.begun.clear()
    opener.open(HUNG)
    assert reading.begun.wait(5)
    began = time.monotonic()
    opener.cancel()
    assert time.monotonic() - began < 0.1 and not opener.is_reading and opener.opening is None
    del told[:]
    reading.let_go.set()
    qtbot.wait(200)
    assert told == [] and opener.session.case is before


def test_another_case_does_not_wait_for_one_that_hangs(
    opener: CaseOpener, told: Told, reading: Reading, qtbot: QtBot
) -> None:
    opener.open(HUNG)
    assert reading.begun.wait(5)
    open_name(opener, "one", qtbot)
    reading.let_go.set()
    qtbot.wait(200)
    assert [entry for entry in told if entry[0] == "opened"] == [("opened", "one")]
    assert opener.session.paths == (Path("/cases/one"),)


def test_the_first_scan_is_told_of_while_the_others_are_read_and_taken_back_when_that_is_given_up(
    opener: CaseOpener, reading: Reading, qtbot: QtBot
) -> None:
    firsts: list[LoadedCase | None] = []
    opener.first_found.connect(firsts.append)
    with qtbot.waitSignal(opener.first_found, timeout=WAIT_MS):
        opener.open(HUNG)
    assert opener.is_reading and opener.session.case is None
    assert firsts[0] is not None and [scan.id for scan in firsts[0].case.scans] == [case().scans[0].id]
    opener.cancel()
    assert firsts[1:] == [None]
    reading.let_go.set()


@pytest.mark.parametrize(("name", "after"), [("one", []), ("two", [None]), ("bad", [None])])
def test_the_first_scan_stays_only_if_its_case_is_opened(
    opener: CaseOpener, qtbot: QtBot, name: str, after: list[None]
) -> None:
    firsts: list[LoadedCase | None] = []
    opener.first_found.connect(firsts.append)
    open_name(opener, name, qtbot)
    assert firsts[0] is not None and firsts[1:] == after


def test_beside_an_open_case_no_scan_of_another_is_shown(opener: CaseOpener, qtbot: QtBot) -> None:
    open_name(opener, "one", qtbot)
    firsts: list[LoadedCase | None] = []
    opener.first_found.connect(firsts.append)
    open_name(opener, "other", qtbot)
    assert firsts == [] and opener.session.paths == (Path("/cases/other"),)


def test_the_first_usable_scan_comes_before_the_last_file_is_read(tmp_path: Path) -> None:
    """With the real reader: a localizer, then two series."""
    for number in range(2):
        uid = f"1.2.3.{number}"
        write_series(
            tmp_path / f"{number}", noise(4, 8, 8, seed=number), SeriesInstanceUID=uid, SeriesNumber=number + 1
        )
    kind = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_series(tmp_path / "l", noise(3, 8, 8, seed=5), SeriesInstanceUID="1.2.3.9", SeriesNumber=0, ImageType=kind)
    steps: list[tuple[int, int]] = []
    firsts: list[tuple[LoadedCase, int]] = []
    loaded = load_case(
        (tmp_path,),
        lambda done, total, what: steps.append((done, total)) if what == "reading" else None,
        lambda: False,
        lambda first: firsts.append((first, len(steps))),
    )
    ((first, at),) = firsts
    assert at < len(steps) and steps[at - 1][0] < steps[-1][0] == steps[-1][1]
    (scan,) = first.case.scans
    same = loaded.case.scan(scan.id)
    assert same.voxels is scan.voxels and scan.usable and not loaded.case.scans[0].usable
    assert set(first.thumbnails) == {scan.id} == set(first.automatic_windows)


def test_what_cannot_be_read_is_one_line(opener: CaseOpener, told: Told, qtbot: QtBot) -> None:
    open_name(opener, "bad", qtbot)
    assert told[-2:] == [("failed", "bad: is no image; export it again"), ("reading", False)]
    assert opener.session.case is None and opener.opening is None


@pytest.mark.parametrize(("number", "scans"), [(1, {"a", "c"}), (2, {"b", "c"})])
def test_one_of_two_patients_is_put_apart_in_the_background(
    opener: CaseOpener, told: Told, qtbot: QtBot, number: int, scans: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen_in: list[int] = []
    original = case_opener.patient_alone

    def seen(*arguments: Any) -> Any:
        chosen_in.append(threading.get_ident())
        return original(*arguments)

    monkeypatch.setattr(case_opener, "patient_alone", seen)
    open_name(opener, "two", qtbot)
    assert told[-2:] == [("patients", 2), ("reading", False)] and opener.session.case is None
    with qtbot.waitSignal(opener.opened, timeout=WAIT_MS) as opened:
        opener.choose_patient(number)
    assert len(chosen_in) == 1 and chosen_in != [threading.get_ident()]
    case = opener.session.case
    assert case is not None and {scan.id for scan in case.scans} == scans == set(opened.args[0].thumbnails)
    assert all("content_hash" in vars(scan) for scan in case.scans)  # nothing left to be hashed in the window
    assert opener.session.patient == number


def test_a_patient_picked_before_is_not_asked_for_again(opener: CaseOpener, told: Told, qtbot: QtBot) -> None:
    open_name(opener, "two", qtbot, patient=2)
    assert ("patients", 2) not in told and told[-2:] == [("opened", "two"), ("reading", False)]
    assert opener.session.patient == 2


def test_a_patient_who_is_not_there_any_more_is_asked_for(opener: CaseOpener, told: Told, qtbot: QtBot) -> None:
    open_name(opener, "two", qtbot, patient=3)
    assert told[-2:] == [("patients", 2), ("reading", False)]
    opener.choose_patient(7)
    qtbot.waitUntil(lambda: not opener.is_reading, timeout=WAIT_MS)
    assert told[-2][0] == "failed" and "no patient 7" in told[-2][1]
    with qtbot.waitSignal(opener.opened, timeout=WAIT_MS):  # the offer stands
        opener.choose_patient(1)


@pytest.mark.parametrize("how", ["closed", "next", "chosen", "none"])
def test_no_voxels_of_other_patients_stay(opener: CaseOpener, qtbot: QtBot, how: str) -> None:
    open_name(opener, "one", qtbot)
    found: list[Any] = []
    opener.patients_found.connect(lambda case: found.append(weakref.ref(case.scan("b"))))
    open_name(opener, "two", qtbot)
    ended: list[bool] = []
    opener.choice_ended.connect(lambda: ended.append(opener.is_asking))
    assert opener.is_asking
    if how == "closed":
        opener.session.close()
        opener.choose_patient(1)
        assert not opener.is_reading
    elif how == "next":
        open_name(opener, "one", qtbot)
    elif how == "none":
        opener.choose_none()
        assert opener.opening is None and opener.session.case is not None
    else:
        with qtbot.waitSignal(opener.opened, timeout=WAIT_MS):
            opener.choose_patient(1)

    def gone() -> bool:
        gc.collect()
        return found[0]() is None

    qtbot.waitUntil(gone, timeout=WAIT_MS)
    assert ended == [False]


def test_cancelling_the_choice_of_a_patient_leaves_the_choice(opener: CaseOpener, qtbot: QtBot) -> None:
    open_name(opener, "two", qtbot)
    opener.choose_patient(1)
    opener.cancel()
    assert not opener.is_reading
    with qtbot.waitSignal(opener.opened, timeout=WAIT_MS):
        opener.choose_patient(2)
    assert opener.session.patient == 2


def test_the_place_is_that_of_the_open_case_and_asks_no_disk(
    opener: CaseOpener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Any] = []
    opener.session.case_changed.connect(lambda: places.append(opener.place))
    open_name(opener, "one", qtbot)
    monkeypatch.setattr(next_case.os, "scandir", None)
    assert opener.place is not None and places == [opener.place]
    opener.open_next()
    qtbot.waitUntil(lambda: not opener.is_reading, timeout=WAIT_MS)
    assert opener.session.paths == (Path("/cases/next"),)
    opener.session.close()
    assert opener.place is None


def test_opened_cases_are_remembered_and_can_be_forgotten(opener: CaseOpener, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opener.recent_changed, timeout=WAIT_MS):
        opener.open((Path("/cases/one"),))
    assert opener.recent.list() == ((Path("/cases/one"),),) and opener.recent.file.exists()
    with qtbot.waitSignal(opener.recent_changed, timeout=WAIT_MS):
        opener.clear_recent()
    assert opener.recent.list() == () and not opener.recent.file.exists()


@pytest.mark.parametrize("method", ["add", "clear"])
def test_a_home_that_cannot_be_written_is_said_and_holds_nothing_up(
    opener: CaseOpener, told: Told, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    go_on = threading.Event()

    def refused(*_: object) -> None:
        go_on.wait(10)
        raise OSError(28, "No space left on device", "recent.json")

    monkeypatch.setattr(RecentCases, method, refused)
    if method == "add":
        open_name(opener, "one", qtbot)
        assert opener.session.case is not None
    else:
        opener.clear_recent()
    with qtbot.waitSignal(opener.failed, timeout=WAIT_MS) as failed:
        go_on.set()
    assert "recent cases" in failed.args[0] and "No space left" in failed.args[0]


@pytest.mark.parametrize("name", ["n" * 5000, "gone", "unreadable"])
def test_paths_that_the_system_refuses_are_said_in_one_line(
    tmp_path: Path, owner: QObject, qtbot: QtBot, name: str
) -> None:
    """With the real reader."""
    opener = CaseOpener(ReadingSession(owner), RecentCases(file=tmp_path / "recent.json"), owner)
    if name == "unreadable":
        (tmp_path / name).write_bytes(b"")
    with qtbot.waitSignal(opener.failed, timeout=60_000) as failed:
        opener.open((tmp_path / name,))
    assert "fault of this program" not in failed.args[0] and "\n" not in failed.args[0]


def test_the_real_sample_comes_with_its_place_and_hashes(tmp_path: Path, owner: QObject, qtbot: QtBot) -> None:
    session = ReadingSession(owner)
    opener = CaseOpener(session, RecentCases(file=tmp_path / "recent.json"), owner)
    with qtbot.waitSignal(opener.opened, timeout=60_000) as opened:
        opener.open((path_of("sample_case") / "xray.dcm",))
    assert opened.args[0].place is opener.place is not None
    assert session.case is not None and "content_hash" in vars(session.case.scans[0])
