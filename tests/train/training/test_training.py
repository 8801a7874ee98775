"""A whole run on made-up cases: it learns, it resumes exactly, it stops when told, and it says what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError, ModelError, RaddiagError, ReadError
from raddiag_engine.models.card import Coverage
from raddiag_engine.models.folder import load_model
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.config import TrainingConfig, read_config
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe

TRAIN = """
import argparse, sys
from raddiag_train.commands import train
parser = argparse.ArgumentParser()
train.add_parser(parser.add_subparsers())
arguments = parser.parse_args(["train", *sys.argv[1:]])
sys.exit(arguments.run(arguments))
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    write_blob_cases(folder)
    return write_recipe(folder)


@pytest.fixture(scope="module")
def learned(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that is long enough to learn."""
    folder = tmp_path_factory.mktemp("learned") / "run"
    assert train(
        read_config(recipe, ["optimisation.epochs=18", "run.validation_steps=40", "card.half_precision=true"]), folder
    )
    return folder


def lines(folder: Path, kind: str) -> list[dict]:
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line["kind"] == kind]


def without_times(folder: Path) -> list[dict]:
    return [{k: v for k, v in line.items() if not k.endswith("seconds")} for line in lines(folder, "training")]


def test_learns_to_tell_the_blobs_apart(learned: Path) -> None:
    card = load_model(learned / "model").card
    assert card.evaluation["validation, blobs: macro AUC"] > 0.9
    assert card.evaluation["validation, blobs, modality unknown: macro AUC"] > 0.9
    losses = [line["loss"] for line in lines(learned, "training")]
    assert losses[-1] < losses[0]
    assert lines(learned, "validation")[-1]["sources"]["blobs"]["macro_auc"] > 0.9


def test_the_card_says_what_was_learned_and_from_what(learned: Path) -> None:
    model = load_model(learned / "model")
    by_name = {disorder.name: disorder for disorder in model.card.disorders}
    blob = by_name["Bright blob"]
    both = (Coverage(Modality.CT, Anatomy.CHEST), Coverage(Modality.XRAY, Anatomy.CHEST))
    assert (blob.icd10cm, blob.training_positives, blob.tier) == (("R91.1",), 24, "tail")
    assert (blob.learned_from, blob.coverage) == ("synthetic", both)
    assert blob.operating_point is not None
    assert blob.operating_point.positives == 16
    assert blob.operating_point.sensitivity > 0.8
    assert blob.calibration is not None
    assert by_name["Normal"].normal
    assert model.card.coverage == both
    [source] = model.card.sources
    assert (source.name, source.cases, source.real, source.terms) == ("blobs", 48, False, "made up")
    assert any(name.startswith("input_score.") for name in model.extra)


def test_resuming_gives_the_same_weights_bit_for_bit(recipe: Path, tmp_path: Path) -> None:
    config = read_config(recipe, ["optimisation.accumulation=2", "run.checkpoint_steps=3"])
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    assert train(config, straight)
    (resumed / "checkpoints").mkdir(parents=True)
    first, *_, last = checkpoints(straight / "checkpoints")
    shutil.copy(first, resumed / "checkpoints")
    shutil.copy(straight / "metrics.jsonl", resumed)

    assert train(config, resumed, resume=True)
    expected, found = load_file(last), load_file(resumed / "checkpoints" / last.name)
    assert first.name != last.name
    assert expected.keys() == found.keys()
    assert any(name.startswith("optimiser.") for name in expected)
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    assert without_times(resumed) == without_times(straight)
    ours, theirs = (load_file(folder / "model" / "model.safetensors") for folder in (straight, resumed))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_sigterm_leaves_a_checkpoint_to_go_on_from(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = [str(recipe), "--output", str(folder), "--set", "optimisation.steps=100000"]
    arguments += ["--set", "run.checkpoint_steps=100000"]
    command = [sys.executable, "-c", TRAIN, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        deadline = time.monotonic() + 120
        while not (folder / "metrics.jsonl").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors.decode()
    assert "--resume" in errors.decode()
    [saved] = checkpoints(folder / "checkpoints")
    assert int(saved.stem.removeprefix("step-")) == lines(folder, "training")[-1]["step"]
    assert not (folder / "model").exists()


def test_a_run_is_not_overwritten(learned: Path, recipe: Path) -> None:
    with pytest.raises(ConfigError, match="--resume"):
        train(read_config(recipe), learned)


def test_a_checkpoint_of_other_settings_is_refused(learned: Path, recipe: Path) -> None:
    with pytest.raises(ModelError, match="of another architecture"):
        train(read_config(recipe, ["network.resnet.shared_width=8"]), learned, resume=True)


def test_a_damaged_checkpoint_is_named(recipe: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "run" / "checkpoints" / "step-000000003.safetensors"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match=r"step-000000003.*damaged"):
        train(read_config(recipe), tmp_path / "run", resume=True)


def test_a_checkpoint_holds_nothing_pickled(learned: Path, tmp_path: Path) -> None:
    newest = checkpoints(learned / "checkpoints")[-1]
    tensors = load_file(newest)
    save_file(tensors, tmp_path / "again.safetensors")
    assert b"pickle" not in newest.read_bytes()[:100_000]
    assert {name.split(".")[0] for name in tensors} == {"network", "average", "optimiser"}


def test_a_full_disk_keeps_the_checkpoint_before(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from raddiag_train.training import checkpoint

    written = []

    def save_once(tensors: dict, path: Path, metadata: dict) -> None:
        if written:
            path.write_bytes(b"half of it")
            raise OSError(28, "No space left on device")
        written.append(path)
        save_file(tensors, path, metadata)

    monkeypatch.setattr(checkpoint, "save_file", save_once)
    with pytest.raises(RaddiagError, match="No space left"):
        train(read_config(recipe, ["run.checkpoint_steps=2"]), tmp_path / "run")
    [kept] = (tmp_path / "run" / "checkpoints").iterdir()
    assert load_file(kept)


def test_a_loss_that_is_not_finite_stops_the_run(recipe: Path, tmp_path: Path) -> None:
    config = read_config(recipe, ["optimisation.learning_rate=1e30", "optimisation.gradient_clip=0"])
    with pytest.raises(RaddiagError, match=r"not finite at step \d+; lower optimisation.learning_rate"):
        train(config, tmp_path / "run")


def test_a_missing_scan_is_named_with_its_line(tmp_path: Path) -> None:
    cases = write_blob_cases(tmp_path, train=16, validation=16)
    (tmp_path / "4.png").unlink()
    with pytest.raises((ConfigError, ReadError), match=r"cases\.jsonl:5: .*4\.png.*case-4"):
        train(read_config(write_recipe(tmp_path)), tmp_path / "run")
    assert cases.exists()


def test_a_missing_validation_split_is_said(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'test'"):
        train(read_config(recipe, ["data.validation_split=test"]), tmp_path / "run")


def test_labels_that_a_source_never_gives_can_be_left_open(tmp_path: Path) -> None:
    from raddiag_train.data.records import read_records, write_records

    first, second = write_blob_cases(tmp_path / "a", 16, 16), write_blob_cases(tmp_path / "b", 16, 16, seed=1)
    renamed = [
        _changed(record, case_id=f"b-{record.case_id}", source="b", disorders=(record.disorders[0] + " b",))
        for record in read_records(second)
    ]
    write_records(second, renamed)
    recipe = write_recipe(tmp_path / "a")
    settings = [f"data.cases={json.dumps([str(first), str(second)])}", "optimisation.steps=2"]
    masked = read_config(recipe, [*settings, "optimisation.mask_unlabelled_sources=true"])
    assert _first_loss(masked, tmp_path / "masked") < _first_loss(read_config(recipe, settings), tmp_path / "plain")


def _first_loss(config: TrainingConfig, folder: Path) -> float:
    train(config, folder)
    return float(lines(folder, "training")[0]["loss"])


def _changed(record: object, **values: object) -> object:
    from dataclasses import replace

    return replace(record, **values)  # type: ignore[type-var]
