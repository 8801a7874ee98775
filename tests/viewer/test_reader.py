"""napari's own ways of opening: our reader and our sample data give the panel's layers, and one line for bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from napari.layers import Layer
from PIL import Image

from napari_raddiag.canvas.layer_data import METADATA
from napari_raddiag.reader import case_layers, get_reader
from napari_raddiag.sample_data import sample_case
from raddiag_engine.cases import Case, Identity, Scan
from raddiag_engine.errors import CaseError, RaddiagError
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
