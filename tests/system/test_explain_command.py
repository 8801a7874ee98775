"""`raddiag explain` writes its folder whole or not at all, with a tiny model of random weights."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cli import main
from raddiag_engine.reading import read_case, write_nifti
from raddiag_engine.saliency import overlay
from tests.engine.diagnosis.tiny_model import tiny_engine
from tests.engine.reading.dicom_files import noise, write_series


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    """All but the output folder: an image that says how large its pixels are and not where it lies."""
    tiny_engine(tmp_path / "model")
    values = np.random.default_rng(0).normal(300, 80, (48, 40)).astype(np.float32)
    write_nifti(tmp_path / "scan.nii.gz", values, None, (0.5, 0.25))
    model = ("--model", str(tmp_path / "model"), "--device", "cpu")
    return ("explain", str(tmp_path / "scan.nii.gz"), *model, "--disorder", "Glioma", "--output")


def test_the_map_of_a_scan_without_a_place_keeps_its_pixel_spacing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert main([*arguments, str(tmp_path / "maps")]) == 0
    [path] = (tmp_path / "maps").glob("*.nii.gz")
    saliency = nibabel.load(path)
    assert saliency.shape == (40, 48, 1)
    assert saliency.header.get_zooms()[:2] == (0.25, 0.5)


def test_maps_of_a_series_with_a_gap_lie_where_its_slices_lie(tmp_path: Path) -> None:
    """The slices that are missing are put in as zeros, so that one affine places all others."""
    engine = tiny_engine(tmp_path / "model")
    heights_mm = [0.0, 2.0, 4.0, 10.0, 12.0, 14.0]  # two are missing
    values = (noise(6, 40, 32) - 800).astype(np.int16)
    positions = [(-20.0, 30.0, height) for height in heights_mm]
    write_series(tmp_path / "ct", values, positions=positions, spacing=(1.5, 1.5), RescaleIntercept=0)
    model = ("--model", str(tmp_path / "model"), "--device", "cpu", "--disorder", "Pneumonia")
    assert main(["explain", str(tmp_path / "ct"), *model, "--output", str(tmp_path / "maps")]) == 0
    [path] = (tmp_path / "maps").glob("*.nii.gz")
    written = nibabel.load(path)
    engine.set_case(read_case([tmp_path / "ct"]))
    [expected] = engine.explain("Pneumonia")
    assert expected.values.shape == (6, 40, 32) and np.ptp(expected.values) > 0
    assert written.shape == (32, 40, 8)
    for slice_values, height in zip(expected.values, heights_mm, strict=True):
        i, j, k = np.rint(np.linalg.inv(written.affine) @ (20.0, -30.0, height, 1))[:3].astype(int)
        assert (i, j) == (0, 0)
        assert np.allclose(written.get_fdata()[:, :, k], slice_values.T, atol=1e-5)
    assert not written.get_fdata()[:, :, 3:5].any()


def test_what_is_in_the_folder_already_stays(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "notes.txt").write_text("mine")
    assert main([*arguments, str(tmp_path / "maps")]) == 0
    names = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert len(names) == 4
    assert names[0] == "explanation.json" and names[-1] == "notes.txt"
    assert [name.split(".", 2)[-1] for name in names[1:3]] == ["nii.gz", "png"]
    assert f"written to {tmp_path / 'maps'}" in capsys.readouterr().out


@pytest.mark.parametrize("output", ["new/maps", "old"])
def test_a_failure_midway_leaves_nothing_behind(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    output: str,
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))

    def fail(path: Path, *rest: object) -> None:
        assert list(path.parent.glob("*.nii.gz")), "the map is written first"
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(overlay, "write_overlay", fail)
    assert main([*arguments, str(tmp_path / output)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = captured.err.splitlines()
    assert str(tmp_path / output) in line and "No space left on device" in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("output", ["scan.nii.gz", "scan.nii.gz/maps"])
def test_a_folder_that_cannot_be_made_is_said_before_anything_is_computed(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    output: str,
) -> None:
    monkeypatch.setattr(Engine, "load", lambda *args, **options: pytest.fail("loaded a model"))
    assert main([*arguments, str(tmp_path / output)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert output in line and "cannot be written" in line
