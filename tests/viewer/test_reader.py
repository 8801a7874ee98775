"""napari's own ways of opening: our reader and our sample data give the panel's layers, and one line for bad input."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from napari.layers import Layer
from napari.utils.notifications import ErrorNotification, NotificationSeverity, notification_manager
from PIL import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QTimer

from napari_raddiag.canvas.layer_data import METADATA
from napari_raddiag.handover import paths_of
from napari_raddiag.preferences import PLUGIN
from napari_raddiag.reader import case_layers, get_reader
from napari_raddiag.sample_data import sample_case
from raddiag_engine.cases import Case, Identity, Scan
from raddiag_engine.errors import CaseError, RaddiagError
from raddiag_engine.reading import read_case
from raddiag_resources import path_of
from tests.viewer.asymmetric_phantom import BRIGHT, phantom


@pytest.fixture
def nifti(tmp_path: Path) -> tuple[Path, Scan]:
    scan, _ = phantom((1, 2, 0), (-1, 1, -1))
    path = tmp_path / "scan.nii.gz"
    affine_ijk = scan.affine[:, [2, 1, 0, 3]]  # type: ignore[index]
    nibabel.save(nibabel.Nifti1Image(scan.voxels.transpose(2, 1, 0), affine_ijk), path)
    return path, scan


def test_a_volume_comes_up_turned_in_millimetres_with_its_true_affine(nifti: tuple[Path, Scan]) -> None:
    path, scan = nifti
    reader = get_reader(str(path))
    assert reader is not None
    [(data, settings, kind)] = reader(str(path))
    layer = Layer.create(data, settings, kind)
    assert {str(unit) for unit in layer.units} == {"millimeter"} and min(layer.scale) > 0 and layer.visible
    at = np.argwhere(data == BRIGHT).mean(axis=0)
    stored = np.argwhere(scan.voxels == BRIGHT).mean(axis=0)
    place = (scan.affine @ (*stored, 1))[:3]  # type: ignore[operator]
    assert np.allclose(at * layer.scale + layer.translate, -place[::-1])
    assert np.allclose((layer.metadata[METADATA]["affine"] @ (*at, 1))[:3], place)


def test_folders_of_dicom_are_ours_and_folders_of_pictures_are_not(tmp_path: Path) -> None:
    assert get_reader(str(path_of("sample_case"))) is not None
    assert get_reader([str(path_of("sample_case") / "xray.dcm")]) is not None
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "photo.png")
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "photo.png")) is not None  # if a person chooses us for it
    (tmp_path / "notes.txt").write_text("no scan")
    assert get_reader(str(tmp_path / "notes.txt")) is None
    assert get_reader(str(tmp_path / "missing.dcm")) is None
    assert get_reader([]) is None


def test_what_cannot_be_read_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 300)
    reader = get_reader(str(broken))
    assert reader is not None
    with pytest.raises(RaddiagError, match=r"broken\.dcm") as error:
        reader(str(broken))
    assert "\n" not in str(error.value)


def test_two_patients_do_not_come_to_lie_in_one_list() -> None:
    scans = [
        Scan(name, "image", np.zeros((4, 4), np.uint8), identity=Identity(patient_id=name, patient_name=f"Doe^{name}"))
        for name in ("one", "two")
    ]
    with pytest.raises(CaseError, match="2 patients") as error:
        case_layers(Case(tuple(scans)))
    assert "Doe" not in str(error.value)


def test_the_sample_opens_in_napari_with_one_scan_in_sight(make_napari_viewer: Any) -> None:
    layers = sample_case()
    viewer = make_napari_viewer()
    for layer in layers:
        viewer.add_layer(Layer.create(*layer))
    assert [layer.visible for layer in viewer.layers] == [True] + [False] * (len(layers) - 1) and len(layers) == 2
    assert all(layer.metadata[METADATA]["case_id"].startswith("case-") for layer in viewer.layers)


def test_a_case_with_a_picture_of_unknown_size_is_not_said_to_be_in_millimetres() -> None:
    picture = Scan("picture", "image", np.zeros((4, 4), np.uint8))
    layers = case_layers(Case((phantom()[0], picture)))
    assert {unit for _, settings, _ in layers for unit in settings["units"]} == {"pixel"}


WAIT_MS = 60_000


def at_the_window(act: Callable[[], object], qtbot: QtBot) -> list[object]:
    """Done as by a person: while Qt handles events. What it returned or raised."""
    done: list[object] = []

    def try_it() -> None:
        try:
            done.append(act())
        except Exception as error:  # noqa: BLE001  the test says which it may be
            done.append(error)

    QTimer.singleShot(0, try_it)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT_MS)
    return done


@pytest.fixture
def reading_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Threads in which cases were read, and hashed."""
    threads: list[int] = []
    hashing = Case.hash.func  # type: ignore[attr-defined]

    def noted(paths: Iterable[Path | str], **kwargs: Any) -> Case:
        threads.append(threading.get_ident())
        return read_case(paths, **kwargs)

    def noted_hash(case: Case) -> str:
        threads.append(threading.get_ident())
        return str(hashing(case))

    monkeypatch.setattr("raddiag_engine.reading.read_case", noted)
    monkeypatch.setattr(Case.hash, "func", noted_hash)
    return threads


def test_a_person_at_the_window_goes_on_while_files_are_read(
    make_napari_viewer: Any, nifti: tuple[Path, Scan], reading_threads: list[int], qtbot: QtBot
) -> None:
    viewer = make_napari_viewer()
    assert at_the_window(lambda: viewer.open(str(nifti[0]), plugin=PLUGIN), qtbot) == [[]]
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=WAIT_MS)
    assert len(reading_threads) == 2 and threading.get_ident() not in reading_threads
    assert METADATA in viewer.layers[0].metadata and viewer.layers[0].visible
    assert paths_of(viewer.layers[0]) == (nifti[0],)  # a panel that is opened later can take them over


def test_a_script_has_its_layers_at_once(make_napari_viewer: Any, nifti: tuple[Path, Scan]) -> None:
    viewer = make_napari_viewer()
    assert len(viewer.open(str(nifti[0]), plugin=PLUGIN)) == 1 == len(viewer.layers)


@pytest.mark.parametrize("running", [True, False])
def test_napari_shows_one_line_and_no_traceback(
    make_napari_viewer: Any, tmp_path: Path, qtbot: QtBot, running: bool
) -> None:
    """Not even in the moment before its window is used, as for `napari --plugin napari-raddiag PATH`."""
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 300)
    viewer = make_napari_viewer()
    notification_manager.records.clear()
    if running:
        assert at_the_window(lambda: viewer.open(str(broken), plugin=PLUGIN), qtbot) == [[]]
    else:
        assert viewer.open(str(broken), plugin=PLUGIN) == []
    qtbot.waitUntil(lambda: bool(notification_manager.records), timeout=WAIT_MS)
    [told] = notification_manager.records
    assert told.severity == NotificationSeverity.ERROR and not isinstance(told, ErrorNotification)
    assert "broken.dcm" in told.message and "\n" not in told.message and not viewer.layers


def test_nothing_comes_into_a_window_that_was_closed_meanwhile(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch, nifti: tuple[Path, Scan], qtbot: QtBot
) -> None:
    go_on, read = threading.Event(), threading.Event()

    def slow(paths: Iterable[Path | str], **kwargs: Any) -> Case:
        assert go_on.wait(30)
        read.set()
        return read_case(paths, **kwargs)

    monkeypatch.setattr("raddiag_engine.reading.read_case", slow)
    viewer = make_napari_viewer()
    notification_manager.records.clear()
    at_the_window(lambda: viewer.open(str(nifti[0]), plugin=PLUGIN), qtbot)
    viewer.close()
    go_on.set()
    qtbot.waitUntil(read.is_set, timeout=WAIT_MS)
    qtbot.wait(300)
    assert not notification_manager.records
