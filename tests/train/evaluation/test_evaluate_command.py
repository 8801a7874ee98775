"""`raddiag evaluate` on a small trained model."""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from raddiag_engine.errors import ConfigError, ModelError
from raddiag_engine.models.folder import load_model, save_model
from raddiag_train.commands import evaluate as command
from raddiag_train.commands import figures
from raddiag_train.training.config import read_config
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cases.jsonl and run/model."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_blob_cases(folder)
    train(read_config(write_recipe(folder), ["optimisation.epochs=18", "run.validation_steps=1000"]), folder / "run")
    return folder


def evaluate(folder: Path, *arguments: str, model: Path | None = None) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    cases = str(folder / "cases.jsonl")
    parsed = parser.parse_args(["evaluate", str(model or folder / "run" / "model"), "--cases", cases, *arguments])
    return int(parsed.run(parsed))


def test_gives_the_figures_of_the_card(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder, "--split", "validation", "--output", str(tmp_path / "out")) == 0
    card = json.loads((folder / "run/model/card.json").read_text(encoding="utf-8"))
    report = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    [blobs] = report["parts"]["all cases"]
    assert round(blobs["macro_auc"], 4) == card["evaluation"]["validation, blobs: macro AUC"]
    assert round(blobs["accuracy"], 4) == card["evaluation"]["validation, blobs: accuracy"]
    assert blobs["accuracy_interval"][0] <= blobs["accuracy"] <= blobs["accuracy_interval"][1]
    assert report["model"]["sha256"] == card["weights_sha256"]
    assert "Bright blob" in capsys.readouterr().out
    with (tmp_path / "out/predictions.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 32
    assert all(0 <= float(row["Bright blob"]) <= 1 for row in rows)


def test_modality_can_be_hidden_and_the_case_mirrored(folder: Path, tmp_path: Path) -> None:
    reports = {}
    for name, options in {"plain": [], "hidden": ["--modality-unknown"], "mirrored": ["--tta", "mirror"]}.items():
        assert evaluate(folder, "--split", "validation", "--output", str(tmp_path / name), *options) == 0
        reports[name] = (tmp_path / name / "predictions.csv").read_text(encoding="utf-8")
    assert len(set(reports.values())) == 3


def test_figures_without_twins_leave_out_what_was_learned_by_heart(folder: Path, tmp_path: Path) -> None:
    cases = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    validation = [json.loads(line) for line in cases if json.loads(line)["split"] == "validation"]
    # One training case that is a copy of the scans of a validation case.
    copied = {**validation[0], "case_id": "copy", "split": "train"}
    copied["scans"] = [{**validation[0]["scans"][0], "path": str(tmp_path / "copy.png")}]
    shutil.copy(folder / validation[0]["scans"][0]["path"], tmp_path / "copy.png")
    (tmp_path / "learned.jsonl").write_text(json.dumps(copied) + "\n", encoding="utf-8")
    options = ["--split", "validation", "--twins-of", str(tmp_path / "learned.jsonl"), "--json"]
    assert evaluate(folder, *options, str(tmp_path / "report.json")) == 0
    parts = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["parts"]
    assert parts["all cases"][0]["cases"] == 32
    assert parts["without twins"][0]["cases"] == 31


def test_an_empty_split_is_refused_and_the_splits_are_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"'test'.*train, validation"):
        evaluate(folder)


def test_a_disorder_the_model_does_not_know_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "all")
    cases = tmp_path / "all" / "cases.jsonl"
    cases.write_text(cases.read_text(encoding="utf-8").replace("Bright blob", "Bright blub"), encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'Bright blob'"):
        evaluate(tmp_path / "all", "--split", "validation")


def test_cases_with_a_disorder_kept_out_of_training_are_left_out_and_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model(folder / "run" / "model")
    card = replace(model.card, excluded_disorders=("Grey blob",))
    save_model(tmp_path / "model", card, model.network, model.extra)
    lines = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    # One has it alone, one beside a disorder that the model knows.
    bright = [line for line in lines if line["split"] == "validation" and line["disorders"] == ["Bright blob"]][:2]
    bright[0] |= {"disorders": ["Grey blob"], "icd10cm": [""]}
    bright[1] |= {"disorders": ["Bright blob", "Grey blob"], "icd10cm": ["", ""]}
    cases = folder / "with_grey.jsonl"
    cases.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    options = ["--cases", str(cases), "--split", "validation", "--resamples", "0"]
    assert evaluate(folder, *options, "--output", str(tmp_path / "out"), model=tmp_path / "model") == 0
    said = "2 cases left out: with a disorder that was kept out of the model's training (Grey blob)"
    assert said in capsys.readouterr().out
    report = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert report["judged"]["cases"] == report["parts"]["all cases"][0]["cases"] == 30
    assert report["judged"]["cases_with_excluded_disorders_left_out"] == 2
    assert {row["name"]: row["positives"] for row in report["classes"]} == {"Bright blob": 14, "Normal": 16}
    assert said in report["judged"]["notes"]
    with pytest.raises(
        ConfigError, match=r"with_grey\.jsonl:\d+: case case-\d+: disorder 'Grey blob' has no positive training case"
    ):
        evaluate(folder, *options)
    divided = [{**line, "patient_id": "one"} for line in lines if line not in bright]
    (folder / "divided.jsonl").write_text("".join(json.dumps(line) + "\n" for line in divided), encoding="utf-8")
    with pytest.raises(ConfigError, match="of the same patient"):
        evaluate(folder, *options, "--cases", str(folder / "divided.jsonl"))
    alone = folder / "grey_alone.jsonl"
    alone.write_text(json.dumps(bright[0]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="kept out of the training"):
        evaluate(folder, *options, "--cases", str(alone), model=tmp_path / "model")


def test_tiers_classes_and_figures_are_written(folder: Path, tmp_path: Path) -> None:
    assert evaluate(folder, "--split", "validation", "--resamples", "50", "--output", str(tmp_path)) == 0
    report = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    card = json.loads((folder / "run/model/card.json").read_text(encoding="utf-8"))
    thresholds = {d["name"]: (d["operating_point"] or {"threshold": 0.5})["threshold"] for d in card["disorders"]}
    assert {row["name"]: row["threshold"] for row in report["classes"]} == thresholds
    assert [tier["tier"] for tier in report["tiers"]][-1] == "all"
    assert report["tiers"][-1]["metrics"]["auc"]["value"] > 0.9
    with (tmp_path / "classes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["disorder"] for row in rows] == [disorder["name"] for disorder in card["disorders"]]
    assert all(float(row["auc_low"]) <= float(row["auc"]) <= float(row["auc_high"]) for row in rows)
    for name in ("roc_bands.png", "reliability.png", "score_distributions.png", "predictions.npz", "tiers.csv"):
        assert (tmp_path / name).stat().st_size > 0


def test_key_frames_of_a_case_are_drawn_and_an_unknown_case_is_named(folder: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    figures.add_parser(parser.add_subparsers())

    def saliency(case_id: str) -> int:
        fixed = ["figures", "saliency", str(folder / "run/model"), "--cases", str(folder / "cases.jsonl")]
        disorder = ["--disorder", "Bright blob", "--device", "cpu", "--output", str(tmp_path / "f.png")]
        parsed = parser.parse_args([*fixed, "--case", case_id, *disorder])
        return int(parsed.run(parsed))

    lines = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    several = next(line for line in lines if len(line["scans"]) > 1)
    assert saliency(several["case_id"]) == 0
    with Image.open(tmp_path / "f.png") as picture:
        width_px, height_px = picture.size
    assert height_px > width_px / 2  # a row a scan
    with pytest.raises(ConfigError, match="did you mean"):
        saliency(several["case_id"] + "x")


def test_a_model_without_thresholds_gets_those_of_the_validation_cases(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = load_model(folder / "run" / "model")
    bare = tuple(replace(d, operating_point=None, calibration=None, coverage=()) for d in trained.card.disorders)
    save_model(tmp_path / "bare", replace(trained.card, disorders=bare, evaluation={"old": 1.0}), trained.network, {})
    assert evaluate(folder, "--fit", str(tmp_path / "fitted"), model=tmp_path / "bare") == 0
    said = capsys.readouterr().out
    assert "of 2 classes 2 have a threshold from the validation cases (2 from 10 positives" in said
    assert "the input score is from these cases too" in said
    fitted = load_model(tmp_path / "fitted")
    assert fitted.card.evaluation == pytest.approx(trained.card.evaluation, abs=1e-4)
    for found, expected in zip(fitted.card.disorders, trained.card.disorders, strict=True):
        assert found.calibration is not None and expected.calibration is not None
        assert found.calibration.slope == pytest.approx(expected.calibration.slope, rel=1e-4)
        assert found.operating_point is not None and expected.operating_point is not None
        assert found.operating_point.threshold == pytest.approx(expected.operating_point.threshold, abs=1e-5)
        assert found.operating_point.positives == expected.operating_point.positives
    assert fitted.extra.keys() == trained.extra.keys()
    for name, score in trained.extra.items():
        assert fitted.extra[name].numpy() == pytest.approx(score.numpy(), rel=1e-3, abs=1e-4), name
    assert load_model(tmp_path / "bare").card.disorders == bare


def test_with_too_few_scans_the_copy_keeps_the_input_score(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A group needs eight scans; here are six images and two volumes.
    lines = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    few = folder / "few.jsonl"
    few.write_text("\n".join([line for line in lines if '"validation"' in line][:6]) + "\n", encoding="utf-8")
    assert evaluate(folder, "--fit", str(tmp_path / "fitted"), "--cases", str(few)) == 0
    assert "the input score is as before: there are too few scans" in capsys.readouterr().out
    trained, fitted = load_model(folder / "run" / "model"), load_model(tmp_path / "fitted")
    assert fitted.extra.keys() == trained.extra.keys()
    assert all(torch.equal(fitted.extra[name], tensor) for name, tensor in trained.extra.items())
    assert all(disorder.operating_point is not None for disorder in fitted.card.disorders)


def test_the_copy_with_thresholds_replaces_nothing_but_a_model(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError, match=r"notes\.txt"):
        evaluate(folder, "--fit", str(tmp_path))


def test_categories_are_judged_by_the_largest_of_their_disorders(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert (
        evaluate(folder, "--split", "validation", "--level", "icd10cm", "--resamples", "0", "--output", str(out)) == 0
    )
    rows = list(csv.DictReader((out / "classes.csv").open(encoding="utf-8")))
    # R91.1 of the bright blob belongs to R91.
    assert {row["disorder"] for row in rows} == {"Abnormal findings on diagnostic imaging of lung", "Normal"}
    predictions = list(csv.DictReader((out / "predictions.csv").open(encoding="utf-8")))
    plain = tmp_path / "plain"
    assert evaluate(folder, "--split", "validation", "--resamples", "0", "--output", str(plain)) == 0
    for row, of_disorder in zip(
        predictions, csv.DictReader((plain / "predictions.csv").open(encoding="utf-8")), strict=True
    ):
        assert row["Abnormal findings on diagnostic imaging of lung"] == of_disorder["Bright blob"]
