"""What outlives a crash, and what does not outlive a good end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.preferences import Preferences
from napari_raddiag.session.saved_session import SessionStore, this_host
from napari_raddiag.view_updates.earlier_case import ASKING, READING
from raddiag_engine.cases import Window
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel
from tests.viewer.window.test_reading import diagnose, open_case

NO_ENGINE = Preferences(model="no such model")


def crash(folder: Path) -> None:
    """As if the viewer had been killed: its file is left behind, under the number of a process that is gone."""
    [file] = (folder / "viewer" / "sessions").glob("*.json")
    file.rename(file.with_name(f"{this_host()}.999999999.1.0123abcd.json"))


def test_a_reading_comes_back_after_a_crash(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot, own_folder: Path
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    case = panel.session.case
    assert case is not None
    mri = next(scan.id for scan in case.scans if scan.modality == "MRI")
    xray = next(scan.id for scan in case.scans if scan.modality == "X-ray")
    panel.session.use(mri, False)
    panel.canvas.layers.windows.set(xray, Window(6000, 9000, "SIGMOID"))
    diagnose(panel, qtbot)
    before = panel.session.diagnosis
    panel.keeper.save()
    crash(own_folder)

    again = open_panel(shared_engine)
    qtbot.waitUntil(lambda: again.views.restore.isVisibleTo(again), timeout=ENGINE_MS)
    with qtbot.waitSignal(again.restorer.told, timeout=ENGINE_MS) as told:
        again.views.restore.restore.click()
    assert "as it was" in told.args[0]
    qtbot.waitUntil(lambda: not SessionStore().find_left_behind(), timeout=ENGINE_MS)
    restored = again.session.case
    assert restored is not None and [scan.id for scan in restored.used] == [xray]
    assert again.canvas.layers.windows.of(xray) == Window(6000, 9000, "SIGMOID")
    after = again.session.current_diagnosis
    assert before is not None and after is not None and after.input_hash == before.input_hash


def test_after_a_good_end_nothing_is_offered(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot, own_folder: Path
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    panel.keeper.save()
    assert list((own_folder / "viewer" / "sessions").glob("*.json"))
    panel.shut_down()
    assert not list((own_folder / "viewer" / "sessions").glob("*.json"))
    assert SessionStore().find_left_behind() is None


def test_a_reading_whose_share_is_away_is_offered_again(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot, own_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample[0], tmp_path / "share")
    panel = open_panel(NO_ENGINE, ready=False)
    open_case(panel, (tmp_path / "share",), qtbot)
    panel.keeper.save()
    crash(own_folder)
    (tmp_path / "share").rename(tmp_path / "away")

    again = open_panel(NO_ENGINE, ready=False)
    qtbot.waitUntil(lambda: again.views.restore.isVisibleTo(again), timeout=ENGINE_MS)
    qtbot.waitUntil(lambda: again.opener.recent.list() == ((tmp_path / "share",),), timeout=ENGINE_MS)
    with qtbot.waitSignal(again.opener.failed, timeout=ENGINE_MS) as failed:
        again.views.restore.restore.click()
    assert "share" in failed.args[0]
    qtbot.waitUntil(lambda: again.views.restore.isVisibleTo(again), timeout=ENGINE_MS)
    again.shut_down()

    (tmp_path / "away").rename(tmp_path / "share")
    last = open_panel(NO_ENGINE, ready=False)
    qtbot.waitUntil(lambda: last.views.restore.isVisibleTo(last), timeout=ENGINE_MS)
    with qtbot.waitSignal(last.restorer.told, timeout=ENGINE_MS):
        last.views.restore.restore.click()
    assert last.session.case is not None and len(last.session.case.scans) == 2


def test_switched_off_nothing_is_kept(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot, own_folder: Path
) -> None:
    panel = open_panel(shared_engine, keep_recent=False, keep_session=False)
    open_case(panel, sample, qtbot)
    panel.keeper.save()
    assert not list(own_folder.rglob("*.json"))


def test_what_is_kept_names_nobody(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot, own_folder: Path
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    panel.keeper.save()
    kept = "".join(file.read_text() for file in own_folder.rglob("*.json"))
    assert kept and "PHANTOM" not in kept.upper().replace(str(sample[0]).upper(), "") and "fracture" not in kept


def test_next_case_of_a_folder_of_cases(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("case 2", "case 10"):
        (tmp_path / "cases" / name).mkdir(parents=True)
        shutil.copy(sample[0] / "xray.dcm", tmp_path / "cases" / name)
    panel = open_panel(shared_engine)
    open_case(panel, (tmp_path / "cases" / "case 2",), qtbot)
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        panel.views.case.next_case_requested.emit()
    assert panel.session.paths == (tmp_path / "cases" / "case 10",)
    assert panel.opener.place is not None and panel.opener.place.next is None


@pytest.fixture
def two_patients(sample: tuple[Path, ...], tmp_path: Path) -> tuple[Path, ...]:
    """The sample case and a film of somebody else."""
    import pydicom

    other = pydicom.dcmread(sample[0] / "xray.dcm")
    other.PatientID, other.PatientName = "ANOTHER", "Another^One"
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    other.SeriesInstanceUID, other.StudyInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    other.save_as(tmp_path / "other.dcm")
    return (*sample, tmp_path / "other.dcm")


@pytest.mark.parametrize("number", [1, 2])
def test_two_patients_are_never_read_together(
    open_panel: OpenPanel, shared_engine: Preferences, two_patients: tuple[Path, ...], qtbot: QtBot, number: int
) -> None:
    panel = open_panel(shared_engine)
    with qtbot.waitSignal(panel.opener.patients_found, timeout=ENGINE_MS):
        panel.open_paths(two_patients)
    assert panel.session.case is None and panel.views.patients.isVisibleTo(panel)
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        panel.views.patients.patient_chosen.emit(number)
    case = panel.session.case
    assert case is not None and len(case.patients) == 1


@pytest.mark.parametrize("picked", [0, 1])
def test_the_image_says_that_it_is_still_the_case_before_until_a_patient_is_picked(
    open_panel: OpenPanel, sample: tuple[Path, ...], two_patients: tuple[Path, ...], qtbot: QtBot, picked: int
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    views, notice = panel.views, panel.canvas.notice

    def seen() -> tuple[str, ...]:
        return tuple(words.text for words in notice.marks.words)

    open_case(panel, sample, qtbot)
    before = panel.session.case
    qtbot.wait(50)
    assert seen() == ()
    panel.open_paths(two_patients)
    qtbot.waitUntil(lambda: seen() == (READING,), timeout=ENGINE_MS)
    qtbot.waitUntil(lambda: seen() == (ASKING,), timeout=ENGINE_MS)
    assert views.patients.isVisibleTo(panel) and panel.session.case is before
    if picked:
        with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
            views.patients.patient_chosen.emit(picked)
    else:
        views.patients.none_chosen.emit()
    qtbot.waitUntil(lambda: not seen(), timeout=ENGINE_MS)
    assert not views.patients.isVisibleTo(panel) and (panel.session.case is before) == (not picked)
