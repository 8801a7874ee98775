"""`raddiag diagnose` from files to table and JSON, with a tiny model of random weights."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from raddiag_engine import cli, reading
from raddiag_engine.cases import Anatomy, Case, Modality
from raddiag_engine.commands.case_arguments import described
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.errors import ModelError
from raddiag_engine.models.registry import find_model
from tests.engine.diagnosis.tiny_model import DISORDERS, point, scan, tiny_card, tiny_engine
from tests.shared_data import shared_data

Raddiag = Callable[..., int]


@pytest.fixture
def raddiag(monkeypatch: pytest.MonkeyPatch) -> Raddiag:
    """The command line with this command alone, so that the test stands by itself."""
    only = EntryPoint("engine", "raddiag_engine.commands.diagnose:add_parser", cli.COMMAND_GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [only])
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: cli.main(["diagnose", *map(str, words)])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tiny_engine(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 48)[:, None] + rng.integers(0, 50, (48, 40))
    picture, volume = tmp_path / "picture.png", tmp_path / "volume.nii.gz"
    Image.fromarray(smooth.astype(np.uint8)).save(picture)
    nibabel.save(nibabel.Nifti1Image(rng.normal(300, 80, (32, 30, 6)).astype(np.float32), np.eye(4)), volume)
    return picture, volume


def test_several_files_are_one_case(
    raddiag: Raddiag, model: Path, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "diagnosis.json"
    arguments = ("--model", model, "--device", "cpu", "--modality", "mri", "--anatomy", "Head and Neck")
    assert raddiag(*files, *arguments, "--json", target) == 0
    data = json.loads(target.read_text(encoding="utf-8"))
    assert Diagnosis.from_mapping(data).to_mapping() == data
    assert [scan["modality"] for scan in data["scans"]] == ["MRI", "MRI"]
    assert {len(scan["shape"]) for scan in data["scans"]} == {2, 3}
    assert data["assessed"] == 2
    assert list(data["seconds"]) == ["read", "prepare", "encode", "fuse"]
    assert set(data["disorders"][0]["contributions"]) == {scan["id"] for scan in data["scans"]}
    printed = capsys.readouterr().out
    for words in (data["headline"], "Glioma", "C71.9", "on cpu, float32", "Research use only"):
        assert words in printed
    assert not list(tmp_path.glob(".diagnosis*"))


def test_json_alone_goes_to_standard_output(
    raddiag: Raddiag, model: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert raddiag(files[0], "--model", model, "--device", "cpu", "--json", "-") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["device"] == "cpu"
    # The picture does not say what it is and this model has no input score.
    assert data["not_assessed"] == 5


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("--model", "no-such-model"), "no-such-model"),
        (("--json", "absent-folder/d.json"), "does not exist"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    raddiag: Raddiag,
    files: tuple[Path, Path],
    arguments: tuple[str, ...],
    cause: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert raddiag(files[0], *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert cause in captured.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_path_without_a_scan_writes_no_json(
    raddiag: Raddiag, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert raddiag(broken, "--model", model, "--json", tmp_path / "d.json") == 2
    assert "broken.png" in capsys.readouterr().err
    assert not (tmp_path / "d.json").exists()


@pytest.mark.parametrize(
    "arguments", [("--top", "-1"), ("--top", "few"), ("--modality", "PET-ish"), ("--device", "tpu")]
)
def test_words_that_are_not_known_are_refused(
    raddiag: Raddiag, files: tuple[Path, Path], arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        raddiag(files[0], *arguments)
    assert caught.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_a_case_of_two_patients_needs_a_choice(
    raddiag: Raddiag,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    both = Case((scan("first", patient="DOE-1"), scan("second", patient="ROE-2")))
    monkeypatch.setattr(reading, "read_case", lambda paths, progress=None: both)
    assert raddiag("somewhere", "--model", model, "--device", "cpu") == 2
    message = capsys.readouterr().err
    assert "--patient" in message
    assert "DOE" not in message
    assert raddiag("somewhere", "--model", model, "--device", "cpu", "--patient", "2", "--json", "-") == 0
    assert [s["id"] for s in json.loads(capsys.readouterr().out)["scans"]] == ["second"]


def test_the_users_word_does_not_overrule_the_file() -> None:
    said = argparse.Namespace(modality=Modality.CT, anatomy=Anatomy.CHEST)
    case = described(Case((scan("mri"), scan("unknown", Modality.UNKNOWN, Anatomy.UNKNOWN))), said)
    assert [(s.modality, s.anatomy) for s in case.scans] == [
        (Modality.MRI, Anatomy.HEAD_AND_NECK),
        (Modality.CT, Anatomy.CHEST),
    ]


def test_the_table_shows_every_positive_whatever_top_is(
    raddiag: Raddiag, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disorders = tuple(replace(disorder, operating_point=point(0.0)) for disorder in DISORDERS)
    tiny_engine(tmp_path / "eager", tiny_card(disorders=disorders))
    arguments = ("--modality", "CT", "--anatomy", "chest", "--top", "0", "--model", tmp_path / "eager")
    assert raddiag(files[0], *arguments, "--device", "cpu") == 0
    printed = capsys.readouterr().out
    assert "2 positive of 2 assessed" in printed
    assert "Pneumonia" in printed
    assert "Intracranial haemorrhage" in printed
    assert "Glioma" not in printed


def test_the_demo_model_knows_a_brain_tumour_scan(raddiag: Raddiag, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        find_model("demo")
    except ModelError as error:
        pytest.skip(f"needs the bundled demo model: {error}")
    folder = shared_data("brain_tumor_mri")
    picture = next(path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".png"))
    assert raddiag(picture, "--json", "-") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["model"]["name"] == "demo"
    assert data["assessed"] > 0
