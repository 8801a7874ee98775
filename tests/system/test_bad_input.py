"""Bad input through the real command line: one line with the file and the fault, status 2, nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from raddiag_engine.cli import main
from raddiag_engine.models import registry
from raddiag_resources import path_of
from tests.engine.reading.dicom_files import noise, write_slice

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


def test_an_empty_folder_is_not_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    output = tmp_path / "maps"
    line = refused(capsys, "explain", str(tmp_path / "empty"), "--disorder", "Glioma", "--output", str(output))
    assert "empty" in line
    assert not output.exists()


def test_a_path_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "nowhere" in refused(capsys, "diagnose", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("kept_bytes", [1, 20, 300])
def test_a_truncated_picture(capsys: pytest.CaptureFixture[str], picture: Path, kept_bytes: int) -> None:
    picture.write_bytes(picture.read_bytes()[:kept_bytes])
    assert "picture.png" in refused(capsys, "diagnose", str(picture))


@pytest.mark.parametrize("kept_bytes", [200, 400, -1000], ids=["meta", "header", "pixels"])
def test_a_truncated_dicom_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, kept_bytes: int) -> None:
    path = write_slice(tmp_path / "slice.dcm", noise(64, 64))
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert "slice.dcm" in refused(capsys, "diagnose", str(path))


@pytest.mark.parametrize("name", ["volume.nii", "volume.nii.gz"])
@pytest.mark.parametrize("kept_share", [0.01, 0.5, 0.99])
def test_a_truncated_nifti_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, kept_share: float
) -> None:
    path = tmp_path / name
    nibabel.save(nibabel.Nifti1Image(noise(32, 32, 16), np.diag([2.0, 2, 2, 1])), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept_share * len(content))])
    assert name in refused(capsys, "diagnose", str(path))


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


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.marker), "w")


def test_a_checkpoint_with_code_in_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    checkpoint, marker, output = tmp_path / "pytorch_model.bin", tmp_path / "was_run", tmp_path / "out"
    torch.save({"fc.2.weight": torch.zeros(1, 4), "x": Payload(marker)}, checkpoint)
    (tmp_path / "labels.json").write_text('{"Normal": 0}')
    labels = ("--labels", str(tmp_path / "labels.json"))
    line = refused(capsys, "models", "import", str(checkpoint), *labels, "--output", str(output))
    assert "pytorch_model.bin" in line and "refused" in line and "nothing in it was run" in line
    assert not marker.exists()
    assert not output.exists()


def test_what_the_system_refuses(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/a folder with\na line break/models")

    monkeypatch.setattr(registry, "list_models", refuse)
    line = refused(capsys, "models", "show", "demo")
    assert "/a folder with a line break/models: Permission denied" in line
