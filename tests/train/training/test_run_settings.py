"""What a run says of itself, and what may change when it goes on."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from raddiag_engine.errors import ConfigError, ModelError
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.config import read_config
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    write_blob_cases(folder, train=32, validation=24)
    return write_recipe(folder)


@pytest.fixture(scope="module")
def short_run(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs of four steps, with a checkpoint in the middle of each."""
    folder = tmp_path_factory.mktemp("short") / "run"
    assert train(
        read_config(recipe, ["optimisation.batch_cases=8", "optimisation.epochs=3", "run.checkpoint_steps=6"]), folder
    )
    return folder


def gone_on(recipe: Path, short_run: Path, folder: Path, *settings: str) -> None:
    """Go on from the middle of the second epoch under other settings."""
    (folder / "checkpoints").mkdir(parents=True)
    first = checkpoints(short_run / "checkpoints")[0]
    assert first.stem == "step-000000006"
    shutil.copy(first, folder / "checkpoints")
    for name in ("config.toml", "metrics.jsonl", "environment.json"):
        shutil.copy(short_run / name, folder)
    assignments = ["optimisation.batch_cases=8", "optimisation.epochs=3", "run.checkpoint_steps=6", *settings]
    train(read_config(recipe, assignments), folder, resume=True)


def test_what_reads_ahead_and_what_is_kept_in_memory_changes_no_digit(
    recipe: Path, short_run: Path, tmp_path: Path
) -> None:
    gone_on(recipe, short_run, tmp_path / "run", "data.workers=1", "run.gradient_checkpointing=true")
    last = checkpoints(short_run / "checkpoints")[-1]
    expected, found = load_file(last), load_file(tmp_path / "run" / "checkpoints" / last.name)
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    parts = json.loads((tmp_path / "run" / "environment.json").read_text(encoding="utf-8"))
    assert [part["first_step"] for part in parts] == [0, 6]
    assert parts[0]["data_sha256"] == parts[1]["data_sha256"]
    assert parts[1]["packages"]["torch"] == torch.__version__
    assert (parts[1]["seed"], parts[1]["device"], parts[1]["precision"]) == (0, "cpu", "float32")


def test_another_architecture_and_other_settings_are_named(recipe: Path, short_run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"of another architecture \(network\.resnet\.shared_width is 4 there and 8"):
        gone_on(recipe, short_run, tmp_path / "a", "network.resnet.shared_width=8")
    with pytest.raises(ModelError, match=r"other settings \(optimisation\.weight_decay is 0.05 there and 0.1 here\)"):
        gone_on(recipe, short_run, tmp_path / "b", "optimisation.weight_decay=0.1")


def test_a_batch_in_parts_gives_the_gradient_of_the_whole(recipe: Path, tmp_path: Path) -> None:
    # Without chance and with the statistics of use, nothing but the sum of the gradients is left.
    settings = [
        f"optimisation.{name}=0" for name in ("modality_dropout", "scan_dropout", "mixup_alpha", "warmup_share")
    ]
    settings += [f"augmentation.{name}_probability=0" for name in ("affine", "elastic", "noise", "contrast")]
    settings += ["network.fusion.dropout=0", "optimisation.frozen_norm_share=0.99", "optimisation.steps=3"]
    norms = []
    for accumulation in (1, 2, 8):
        folder = tmp_path / str(accumulation)
        train(read_config(recipe, [*settings, f"optimisation.accumulation={accumulation}"]), folder)
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        first = next(line for line in lines if line["kind"] == "training")
        norms.append((first["loss"], first["gradient_norm"]))
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert norms[2] == pytest.approx(norms[0], rel=1e-4)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is not None, reason="TensorBoard is installed")
def test_tensorboard_that_is_not_installed_is_said_before_anything_is_written(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.tensorboard needs the Python package tensorboard"):
        train(read_config(recipe, ["run.tensorboard=true"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
