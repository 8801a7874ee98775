"""Training on the embeddings of an encoder that stays: stopped and gone on with, it gives the same weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from raddiag_engine.errors import ModelError, RaddiagError
from raddiag_engine.models.folder import load_model
from raddiag_train.experiments import embedding_training
from raddiag_train.experiments.embedding_training import train_on_embeddings
from raddiag_train.experiments.starting_model import write_starting_model
from raddiag_train.training.config import TrainingConfig, read_config
from raddiag_train.training.loop import train
from tests.train.experiments.cases_of_images import write_cases


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """A recipe that starts from a model with new fusion and last layer."""
    folder = tmp_path_factory.mktemp("embeddings")
    recipe = write_cases(folder, single_image=False)
    train(read_config(recipe, ["optimisation.steps=1"]), folder / "first")
    model = load_model(folder / "first" / "model")
    write_starting_model(model, model.card.network, folder / "start", keep_fusion=False)
    start = f'optimisation.initial_model="{folder / "start"}"'
    return read_config(recipe, [start, "optimisation.steps=6", "run.checkpoint_steps=4", "run.kept_checkpoints=1"])


class StopsAfter:
    """A signal that comes while a step is made."""

    def __init__(self, steps: int) -> None:
        self._asked = self._answers(steps)

    @staticmethod
    def _answers(steps: int) -> Iterator[bool]:
        yield from [False] * (steps - 1)
        yield True

    @property
    def received(self) -> bool:
        return next(self._asked)

    def __enter__(self) -> StopsAfter:
        return self

    def __exit__(self, *_: object) -> None: ...


def steps_logged(folder: Path) -> list[int]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(
    config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train_on_embeddings(config, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(embedding_training, "StopSignal", lambda: StopsAfter(3))
        assert not train_on_embeddings(config, tmp_path / "parts")
    assert not (tmp_path / "parts" / "model").exists()
    assert steps_logged(tmp_path / "parts") == [1, 2, 3]
    made: list[int] = []
    seed_step = embedding_training.seed_step

    def noted(seed: int, step: int) -> torch.Generator:
        made.append(step)
        return seed_step(seed, step)

    monkeypatch.setattr(embedding_training, "seed_step", noted)
    assert train_on_embeddings(config, tmp_path / "parts")
    assert made == [3, 4, 5]
    assert steps_logged(tmp_path / "parts") == [1, 2, 3, 4, 5, 6]
    whole, parts = (load_file(tmp_path / name / "model/model.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    start = load_model(Path(config.optimisation.initial_model)).network.state_dict()
    learned = {name for name, tensor in start.items() if not torch.equal(tensor, whole[f"network.{name}"])}
    assert learned
    assert not any(name.startswith("encoder.") for name in learned)


def test_a_stopped_run_is_not_gone_on_with_under_other_settings(
    config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_training, "StopSignal", lambda: StopsAfter(2))
    assert not train_on_embeddings(config, tmp_path)
    other = replace(config, optimisation=replace(config.optimisation, learning_rate=1e-4))
    with pytest.raises(ModelError, match="learning_rate"):
        train_on_embeddings(other, tmp_path)


def test_a_loss_that_is_not_finite_ends_the_run_before_anything_of_it_is_kept(
    config: TrainingConfig, tmp_path: Path
) -> None:
    steep = replace(config, optimisation=replace(config.optimisation, learning_rate=1e30))
    with pytest.raises(RaddiagError, match="the loss is not finite at step"):
        train_on_embeddings(steep, tmp_path)
    assert not (tmp_path / "model").exists()
    assert not list((tmp_path / "checkpoints").glob("*"))
