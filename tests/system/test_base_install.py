"""Without the extras every command says in one line what to install; None in sys.modules makes a package absent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PROGRAM = """
import sys
sys.modules[{absent!r}] = None
from raddiag_engine.cli import main
sys.exit(main({arguments!r}))
"""


def raddiag(absent: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a fresh interpreter that lacks a package."""
    program = PROGRAM.format(absent=absent, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("absent", "arguments"),
    [
        ("torch", ("diagnose", "{picture}")),
        ("torch", ("explain", "{picture}", "--disorder", "Glioma", "--output", "{folder}/maps")),
        ("torch", ("demo", "--output", "{folder}/demo")),
        ("safetensors", ("models", "verify", "demo")),
    ],
)
def test_a_command_that_computes_says_which_extra_it_needs(
    picture: Path, tmp_path: Path, absent: str, arguments: tuple[str, ...]
) -> None:
    done = raddiag(absent, *(word.format(picture=picture, folder=tmp_path) for word in arguments))
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert absent in done.stderr and "pip install 'napari-raddiag[engine]'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_reading_and_listing_need_no_extra(picture: Path) -> None:
    for arguments in (("read", str(picture)), ("models", "list"), ("models", "show", "demo")):
        done = raddiag("torch", *arguments)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("absent", "words"),
    [("torch", "torch does not import"), ("safetensors", "a random network")],
)
def test_doctor_reports_a_missing_package_and_goes_on(monkeypatch: pytest.MonkeyPatch, absent: str, words: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = raddiag(absent, "doctor")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "FAILED" in done.stdout and "napari-raddiag[engine]" in done.stdout
    assert words in done.stdout
