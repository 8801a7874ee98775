"""From a folder of images to a model that diagnoses, with the commands that the documentation gives a researcher."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine import Engine
from raddiag_engine.cli import main
from raddiag_engine.reading import read_case
from tests.train.training.blob_cases import RECIPE

IMAGES = 120


def write_images(folder: Path) -> Path:
    """A folder a class: noise with a bright disc somewhere, or with none."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :48]
    for number in range(IMAGES):
        picture = generator.normal(90, 12, (48, 48))
        tumour = number % 2 == 0
        if tumour:
            row, column = generator.uniform(12, 36, 2)
            picture[(rows - row) ** 2 + (columns - column) ** 2 < 49] += 110
        path = folder / ("tumour" if tumour else "no_tumour") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path)
    return folder


def raddiag(*words: str | Path) -> None:
    assert main([str(word) for word in words]) == 0


def test_images_become_a_model_that_diagnoses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "IMAGES")
    (tmp_path / "RECIPE.toml").write_text(RECIPE, encoding="utf-8")
    described = ("--modality", "MRI", "--anatomy", "head and neck", "--normal", "no_tumour")
    raddiag("data", "from-folders", "IMAGES", "--output", "data/cases.jsonl", *described, "--split", "0.6,0.2,0.2")
    settings = ("--set", 'data.cases=["data/cases.jsonl"]', "--set", "optimisation.epochs=12")
    raddiag("train", "RECIPE.toml", *settings, "--output", "runs/first")
    evaluated = ("--cases", "data/cases.jsonl", "--split", "test", "--resamples", "100", "--json", "test.json")
    raddiag("evaluate", "runs/first/model", *evaluated)
    [images] = json.loads((tmp_path / "test.json").read_text(encoding="utf-8"))["parts"]["all cases"]
    assert images["macro_auc"] > 0.9

    lines = [json.loads(line) for line in (tmp_path / "data/cases.jsonl").read_text(encoding="utf-8").splitlines()]
    case = next(line for line in lines if line["split"] == "test" and line["disorders"] != ["Normal"])
    path = tmp_path / "data" / case["scans"][0]["path"]
    asked = ("--model", "runs/first/model", "--modality", "MRI", "--anatomy", "head and neck", "--device", "cpu")
    raddiag("diagnose", path, *asked, "--json", "diagnosis.json")
    assert "Traceback" not in capsys.readouterr().err
    [told] = json.loads((tmp_path / "diagnosis.json").read_text(encoding="utf-8"))["disorders"]
    assert (told["name"], told["state"]) == (case["disorders"][0], "positive")

    engine = Engine.load("runs/first/model", device="cpu")
    engine.set_case(read_case([path]))
    [score] = engine.diagnose(top=20).disorders
    assert score.name == told["name"]
