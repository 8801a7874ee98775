"""The paper's experiments from the command line, on made-up cases: plan, run, tables, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from raddiag_engine.cli import main
from tests.train.experiments.cases_of_images import write_cases


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("images"), single_image=True)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("several"), single_image=False)


@pytest.fixture(scope="module")
def finetuned(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Table 6 of the images, from scratch on two portions."""
    output = tmp_path_factory.mktemp("finetuned")
    assert (
        main(["finetune", str(images), "--portions", "n12", "100", "--output", str(output), "--resamples", "50"]) == 0
    )
    return output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_finetune_writes_table_6(finetuned: Path) -> None:
    found = rows(finetuned / "table_6.csv")
    assert [(row["portion"], row["training cases"], row["start"]) for row in found] == [
        ("n=12", "12", "scratch"),
        ("100%", "48", "scratch"),
    ]
    for row in found:
        assert 0 <= float(row["auc_low"]) <= float(row["auc_ours"]) <= float(row["auc_high"]) <= 100
    assert "Table 6" in (finetuned / "table_6.md").read_text(encoding="utf-8")


def test_finetune_from_a_model_drops_the_fusion_of_single_images_and_goes_on(
    images: Path, several: Path, finetuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from raddiag_engine.models.folder import load_model

    trained = tmp_path / "pretrained"
    assert main(["train", str(several), "--output", str(trained)]) == 0
    command = ["finetune", str(images), "--model", str(trained / "model"), "--portions", "50"]
    command += ["--output", str(tmp_path / "tuned"), "--resamples", "0"]
    assert main(command) == 0
    runs = tmp_path / "tuned" / "runs" / "blobs" / "50_percent"
    for start in ("scratch", "ours"):
        assert load_model(runs / start / "model").card.network.fusion.kind == "mean"
    assert load_model(trained / "model").card.network.fusion.kind == "transformer"
    stamps = {path: path.stat().st_mtime_ns for path in runs.rglob("model.safetensors")}
    capsys.readouterr()
    assert main(command) == 0
    assert "finished before" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_finetune_by_image_reports_without_twins(images: Path, tmp_path: Path) -> None:
    command = ["finetune", str(images), "--portions", "100", "--split", "5:3:2", "--by-image"]
    assert main([*command, "--output", str(tmp_path), "--resamples", "0"]) == 0
    assert any("without twins" in row["test cases"] for row in rows(tmp_path / "table_6.csv"))


def test_tables_compare_fusion_with_every_pooling(several: Path, tmp_path: Path) -> None:
    assert main(["tables", str(several), "--tables", "8", "--output", str(tmp_path), "--resamples", "50"]) == 0
    found = rows(tmp_path / "table_8.csv")
    tail = {row["mode"]: row for row in found if row["class"] == "tail"}
    assert tail["max"]["auc_paper"] == "88.55"
    assert {
        "random",
        "max",
        "mean",
        "fusion",
        "fusion less random",
        "fusion less max",
        "fusion less mean",
    } <= tail.keys()
    assert all(tail[mode]["auc_ours"] for mode in tail)
    assert [row["auc_ours"] for row in found if row["class"] == "head" and row["mode"] == "max"] == [""]


def test_tables_on_a_frozen_encoder_learn_the_rest_alone(several: Path, finetuned: Path, tmp_path: Path) -> None:
    import torch

    from raddiag_engine.models.folder import load_model

    encoder = finetuned / "runs" / "blobs" / "100_percent" / "scratch" / "model"
    command = ["tables", str(several), "--tables", "8", "--encoder", str(encoder), "--frozen-encoder"]
    assert main([*command, "--output", str(tmp_path), "--resamples", "0", "--set", "optimisation.steps=300"]) == 0
    theirs = load_model(encoder).network.state_dict()
    for name in ("fusion", "scan_level"):
        ours = load_model(tmp_path / "runs" / "disorder" / name / "model").network.state_dict()
        assert all(torch.equal(ours[part], theirs[part]) for part in theirs if part.startswith("encoder."))
        start = load_model(tmp_path / "starting_models" / "disorder" / name).network.state_dict()
        learned = [part for part in start if part.startswith("fusion.") and part.endswith("weight")]
        assert not any(torch.equal(ours[part], start[part]) for part in learned)
    tail = {row["mode"]: row for row in rows(tmp_path / "table_8.csv") if row["class"] == "tail"}
    assert float(tail["max"]["auc_ours"]) > 60


def test_tables_at_both_levels_add_knowledge_once_its_text_is_given(several: Path, tmp_path: Path) -> None:
    command = ["tables", str(several), "--tables", "5", "--output", str(tmp_path), "--resamples", "0"]
    assert main(command) == 0
    found = [row for row in rows(tmp_path / "table_5.csv") if row["class"] == "tail"]
    ours = {(row["granularity"], row["FM"], row["KE"]): bool(row["auc_ours"]) for row in found}
    expected = {(level, fm, ke): ke == "✗" for level in ("disorders", "ICD-10-CM") for fm, ke in ("✗✗", "✓✗", "✓✓")}
    assert ours == expected
    assert "--knowledge" in (tmp_path / "table_5.md").read_text(encoding="utf-8")
    assert main([*command, "--knowledge", "hashed_ngram"]) == 0
    assert all(row["auc_ours"] for row in rows(tmp_path / "table_5.csv") if row["class"] == "tail")


def test_ablate_lists_each_run_once(several: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", str(several), "--output", str(tmp_path / "new"), "--dry-run"]) == 0
    listed = capsys.readouterr().out
    assert listed.count("to do") == 8 + 2 + 2
    assert not (tmp_path / "new").exists()


def test_ablate_runs_a_table_scaled_down(several: Path, tmp_path: Path) -> None:
    command = ["ablate", str(several), "--tables", "3", "--output", str(tmp_path), "--resamples", "0"]
    assert main([*command, "--set", "optimisation.steps=1", "--set", "network.resnet.shared_width=2"]) == 0
    found = rows(tmp_path / "table_3.csv")
    assert [row["3D image depth"] for row in found] == ["16", "24", "32"]
    assert [row["auc_paper"] for row in found] == ["87.06", "87.49", "88.13"]
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_zeroshot_judges_a_model_and_takes_supervised_rows(
    images: Path, finetuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = str(images.parent / "cases.jsonl")
    model = str(finetuned / "runs" / "blobs" / "100_percent" / "scratch" / "model")
    command = ["zeroshot", "--model", model, "--cases", cases, "--output", str(tmp_path), "--resamples", "50"]
    assert main([*command, "--supervised", str(finetuned)]) == 0
    [row] = rows(tmp_path / "zero_shot.csv")
    assert float(row["f1_low"]) <= float(row["f1_ours"]) <= float(row["f1_high"])
    assert "Bright blob,R91.1,Bright blob,name" in (tmp_path / "runs" / "Ours" / "blobs" / "mapping.csv").read_text(
        encoding="utf-8"
    )
    assert main([*command, "--thresholds", "validation"]) == 2
    assert "other cases or settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["finetune", "RECIPE", "--portions", "200"], "a portion is a percentage"),
        (["finetune", "RECIPE", "--portions", "n400"], "48 training cases"),
        (["finetune", "RECIPE", "--data-sets", "brain"], "no case is of the data set 'brain'; there are blobs"),
        (["finetune", "RECIPE", "--by-image"], "give --split as well"),
        (["finetune", "RECIPE", "--model", "no-such-model"], "no-such-model"),
        (["tables", "RECIPE", "--set", "optimisation.step=3"], "did you mean 'steps'"),
        (["tables", "RECIPE", "--join", "3"], "cannot be joined"),
        (["tables", "RECIPE", "--frozen-encoder"], "--frozen-encoder needs --encoder"),
        (["ablate", "no-such-recipe"], "no such recipe"),
        (["ablate", "RECIPE", "--classes", "0"], "--classes is 0"),
        (["ablate", "RECIPE", "--resamples", "-1"], "--resamples is -1"),
        (["zeroshot", "--model", "demo"], "name the cases"),
        (["zeroshot", "--cases", "CASES"], "name a model"),
        (["zeroshot", "--cases", "CASES", "--radin", "weights.pt"], "--radin-labels"),
        (["zeroshot", "--cases", "CASES", "--biomedclip", "no-such-folder"], "vocab.txt"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: list[str], message: str, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RECIPE": str(images), "CASES": str(images.parent / "cases.jsonl")}
    given = [places.get(argument, argument) for argument in arguments]
    assert main([*given, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert not list(tmp_path.rglob("*.csv"))
    assert not (tmp_path / "out" / "runs").exists()


def test_a_data_set_without_test_cases_is_refused(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from raddiag_train.data.records import read_records, write_records

    records = read_records(images.parent / "cases.jsonl")
    write_records(tmp_path / "cases.jsonl", [replace(r, split="train") if r.split == "test" else r for r in records])
    command = ["finetune", str(images), "--cases", str(tmp_path / "cases.jsonl"), "--output", str(tmp_path / "out")]
    assert main(command) == 2
    assert "no case is in the split 'test'" in capsys.readouterr().err
