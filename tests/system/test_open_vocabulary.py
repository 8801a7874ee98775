"""Disorders by name, from a file through `raddiag diagnose` and `raddiag explain` to table, JSON and maps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cli import main
from raddiag_engine.reading import write_nifti
from tests.engine.diagnosis.knowledge_model import save_knowledge_model
from tests.engine.diagnosis.tiny_model import tiny_engine

EXIT_BAD_INPUT = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge model, one without, a scan, and a vocabulary of a known and two unseen disorders."""
    folder = tmp_path_factory.mktemp("open")
    save_knowledge_model(folder / "model")
    tiny_engine(folder / "linear")
    values = np.random.default_rng(0).normal(300, 80, (48, 40)).astype(np.float32)
    write_nifti(folder / "scan.nii.gz", values, None, (0.5, 0.25))
    (folder / "names.txt").write_text("Meningioma\nPilocytic astrocytoma\tC71.6\n脑膜瘤\n", encoding="utf-8")
    return folder


def words(folder: Path, command: str, *more: str, model: str = "model") -> list[str]:
    scan = (str(folder / "scan.nii.gz"), "--modality", "MRI", "--anatomy", "Head and Neck")
    return [command, *scan, "--model", str(folder / model), "--device", "cpu", *more]


def test_the_table_and_the_json_tell_unseen_disorders_from_the_model_s_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    target = tmp_path / "d.json"
    names = ("--vocabulary", str(folder / "names.txt"))
    assert main(words(folder, "diagnose", *names, "--top", "0", "--json", str(target))) == 0
    data = json.loads(target.read_text(encoding="utf-8"))
    assert "Meningioma" in {entry["name"] for entry in data["disorders"]}
    assert {entry["name"]: (entry["icd10cm"], entry["state"], entry["unseen"]) for entry in data["unseen"]} == {
        "Pilocytic astrocytoma": (["C71.6"], "not assessed", True),
        "脑膜瘤": ([], "not assessed", True),
    }
    shown = capsys.readouterr().out
    assert shown.index("Meningioma") < shown.index("asked for by name, never learned by this model")
    assert shown.index("never learned by this model") < shown.index("Pilocytic astrocytoma")
    assert "2 disorders asked for by name were never learned" in " ".join(shown.split())


def test_evidence_for_unseen_disorders_is_written_and_marked(folder: Path, tmp_path: Path) -> None:
    asked = ("--disorder", "pilocytic astrocytoma", "--disorder", "脑膜瘤", "--disorder", "Glioma")
    names = ("--vocabulary", str(folder / "names.txt"))
    assert main(words(folder, "explain", *names, *asked, "--output", str(tmp_path / "maps"))) == 0
    entries = json.loads((tmp_path / "maps" / "explanation.json").read_text(encoding="utf-8"))["maps"]
    assert {entry["disorder"]: entry["unseen"] for entry in entries} == {
        "Pilocytic astrocytoma": True,
        "脑膜瘤": True,
        "Glioma": False,
    }
    assert len({entry["map"] for entry in entries}) == 3
    assert all((tmp_path / "maps" / entry[part]).exists() for entry in entries for part in ("map", "overlay"))


@pytest.mark.parametrize(
    ("content", "model", "message"),
    [
        ("Meningioma\nmeningioma\n", "model", "names.txt:2: 'meningioma' is in line 1 already"),
        ("Meningioma\n\nGlioma\n", "model", "names.txt:2: no name of a disorder"),
        ("Meningioma\tC99.9\n", "model", "names.txt:1: 'C99.9' is not a code of ICD-10-CM"),
        ("Tuberculosis\n", "linear", "model tiny has no knowledge head"),
    ],
)
def test_bad_input_gets_one_line_and_leaves_nothing(
    folder: Path, tmp_path: Path, content: str, model: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_text(content)
    for command, more in (("diagnose", ()), ("explain", ("--disorder", "Glioma", "--output", str(tmp_path / "maps")))):
        assert main(words(folder, command, "--vocabulary", str(names), *more, model=model)) == EXIT_BAD_INPUT
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and message in lines[0]
    assert not (tmp_path / "maps").exists()


def test_a_disorder_that_is_in_neither_list_is_not_taken_for_an_unseen_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--disorder", "Meningeoma", "--output", str(tmp_path / "maps"))
    assert main(words(folder, "explain", *more)) == EXIT_BAD_INPUT
    assert "did you mean 'Meningioma'" in capsys.readouterr().err


@pytest.mark.parametrize(("model", "answer"), [("model", "yes, through the knowledge encoder"), ("linear", "no: it")])
def test_a_model_s_card_says_whether_it_takes_names(
    folder: Path, model: str, answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["models", "show", str(folder / model)]) == 0
    assert answer in capsys.readouterr().out
