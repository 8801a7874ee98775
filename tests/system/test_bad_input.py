"""Bad input through the real command line: one line with the file and the fault, status 2, nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cli import main
from raddiag_resources import path_of

EXIT_BAD_INPUT = 2


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that must fail."""
    assert main(list(arguments)) == EXIT_BAD_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, lines
    assert "Traceback" not in captured.err
    return lines[0]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize("command", ["read", "diagnose"])
def test_an_empty_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, command, str(tmp_path / "empty"))


def test_a_path_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "nowhere" in refused(capsys, "diagnose", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("kept_bytes", [1, 20, 300])
def test_a_truncated_picture(capsys: pytest.CaptureFixture[str], picture: Path, kept_bytes: int) -> None:
    picture.write_bytes(picture.read_bytes()[:kept_bytes])
    assert "picture.png" in refused(capsys, "diagnose", str(picture))


def test_an_unknown_format(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "letter.dcm").write_text("Dear colleague, thank you for referring this patient. " * 10)
    assert "letter.dcm" in refused(capsys, "diagnose", str(tmp_path / "letter.dcm"))


@pytest.mark.parametrize("value", [np.nan, 7.0], ids=["not-a-number", "constant"])
def test_voxels_that_say_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path, value: float) -> None:
    path = tmp_path / "volume.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((8, 8, 8), value, np.float32), np.diag([2.0, 2, 2, 1])), path)
    assert "volume.nii.gz" in refused(capsys, "diagnose", str(path))


def test_an_unknown_disorder_suggests_the_nearest_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], picture: Path, tmp_path: Path
) -> None:
    output = tmp_path / "maps"
    line = refused(capsys, "explain", str(picture), "--disorder", "Gliomma", "--output", str(output))
    assert "'Glioma'" in line
    assert not output.exists()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(path_of("demo_model"), tmp_path / "model"))


def test_a_model_without_weights(capsys: pytest.CaptureFixture[str], model: Path, picture: Path) -> None:
    (model / "model.safetensors").unlink()
    assert "model.safetensors" in refused(capsys, "diagnose", str(picture), "--model", str(model))


def test_a_model_with_one_bit_flipped(capsys: pytest.CaptureFixture[str], model: Path, picture: Path) -> None:
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-100] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    assert "SHA-256" in refused(capsys, "diagnose", str(picture), "--model", str(model))


def test_a_model_with_a_label_too_few(capsys: pytest.CaptureFixture[str], model: Path, picture: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    card["disorders"] = card["disorders"][:-1]
    (model / "card.json").write_text(json.dumps(card))
    assert "card.json" in refused(capsys, "diagnose", str(picture), "--model", str(model))
