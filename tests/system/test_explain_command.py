"""`raddiag explain` writes its folder whole or not at all, with a tiny model of random weights."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cli import main
from raddiag_engine.reading import write_nifti
from raddiag_engine.saliency import overlay
from tests.engine.diagnosis.tiny_model import tiny_engine


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
