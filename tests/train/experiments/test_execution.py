"""Runs of an experiment: each once, resumed where it stopped, never under another's name."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.folder import load_model
from raddiag_train.data.records import read_records
from raddiag_train.evaluation.evaluate import cases_to_judge
from raddiag_train.experiments import execution as execution_module
from raddiag_train.experiments.base_recipe import BaseRecipe
from raddiag_train.experiments.differences import difference, drawn_run
from raddiag_train.experiments.execution import Execution, Stopped, execute, figures_of
from raddiag_train.experiments.planned_run import PlannedRun
from raddiag_train.experiments.pooled_models import POOLINGS
from raddiag_train.experiments.starting_model import fine_tuning_network, write_starting_model
from tests.train.experiments.cases_of_images import write_cases


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("cases"), single_image=False)


def plan(recipe: Path, name: str = "a run", *assignments: str, pooled: bool = False) -> PlannedRun:
    config = BaseRecipe(recipe, assignments).derive()
    return PlannedRun(name, config, tuple(read_records(recipe.parent / "cases.jsonl")), pooled)


@pytest.fixture(scope="module")
def pooled(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PlannedRun, Execution]:
    """A scan-level classifier that was trained and judged with each pooling."""
    run = plan(recipe, "scan_level", "network.fusion.kind=random", pooled=True)
    execution = Execution(tmp_path_factory.mktemp("pooled"), recipe.parent / "prepared", resamples=60)
    execute(run, execution)
    return run, execution


def test_a_finished_run_is_not_repeated(pooled: tuple[PlannedRun, Execution], monkeypatch: pytest.MonkeyPatch) -> None:
    run, execution = pooled
    monkeypatch.setattr(execution_module, "train", lambda *_, **__: pytest.fail("trained again"))
    monkeypatch.setattr(execution_module, "evaluate", lambda *_, **__: pytest.fail("judged again"))
    execute(run, execution)
    assert figures_of(run, execution, "max").cases == {"train": 48, "validation": 32, "test": 24}


def test_an_unfinished_judgement_is_made_up_for_without_training(
    pooled: tuple[PlannedRun, Execution], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, execution = pooled
    before = figures_of(run, execution, "mean")
    (execution.folder(run) / "mean" / "figures.json").unlink()
    monkeypatch.setattr(execution_module, "train", lambda *_, **__: pytest.fail("trained again"))
    execute(run, execution)
    assert figures_of(run, execution, "mean").groups == before.groups


def test_the_poolings_are_of_one_classifier(pooled: tuple[PlannedRun, Execution]) -> None:
    run, execution = pooled
    classifier, *models = (
        load_model(folder / "model") for folder in (execution.folder(run), *execution.judged_folders(run))
    )
    assert [model.card.network.fusion.kind for model in models] == list(POOLINGS)
    for model in models:
        for name, tensor in classifier.network.state_dict().items():
            assert torch.equal(model.network.state_dict()[name], tensor)
        assert all(disorder.operating_point for disorder in model.card.disorders)


def test_a_run_that_was_stopped_goes_on(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = plan(recipe, "stopped", "run.checkpoint_steps=1")
    execution = Execution(tmp_path, recipe.parent / "prepared", resamples=0)
    monkeypatch.setattr(execution_module, "train", lambda *_, **__: False)
    with pytest.raises(Stopped, match="go on with the same command"):
        execute(run, execution)
    assert not execution.is_finished(run)
    monkeypatch.undo()
    execute(run, execution)
    assert execution.is_finished(run)


def test_a_folder_of_another_run_is_left_alone(recipe: Path, pooled: tuple[PlannedRun, Execution]) -> None:
    run, execution = pooled
    other = plan(recipe, run.name, "network.fusion.kind=random", "optimisation.learning_rate=1e-4", pooled=True)
    with pytest.raises(ConfigError, match="other cases or settings"):
        execute(other, execution)
    fewer = replace(run, records=run.records[:-1])
    with pytest.raises(ConfigError, match="other cases or settings"):
        execute(fewer, execution)


@pytest.mark.parametrize("level", ["disorder", "icd10cm"])
def test_the_card_of_a_run_keeps_the_disorders_that_were_excluded(recipe: Path, tmp_path: Path, level: str) -> None:
    excluded = 'data.exclude_disorders=["Grey blob"]'
    run = plan(recipe, "excluded", excluded, f"data.label_level={level}", "optimisation.steps=1")
    execution = Execution(tmp_path, recipe.parent / "prepared", resamples=0)
    execute(run, execution)
    model = load_model(execution.folder(run) / "model")
    assert model.card.excluded_disorders == ("Grey blob",)
    assert ("Bright blob" in [disorder.name for disorder in model.card.disorders]) == (level == "disorder")
    # So it is judged alike on the user's cases, which still have them.
    grey = replace(run.records[0], disorders=("Grey blob",), icd10cm=("R91.8",))
    judged = cases_to_judge([grey, *run.records[1:3]], model.card)
    assert [record.case_id for record in judged] == [record.case_id for record in run.records[1:3]]


def test_the_key_of_a_run_does_not_depend_on_places(recipe: Path) -> None:
    cache = f'data.cache="{os.devnull}"'
    assert plan(recipe, "one").key == plan(recipe, "two", cache, "data.workers=2").key
    assert plan(recipe).key != plan(recipe, "a run", "run.seed=5").key


def test_a_difference_is_paired(pooled: tuple[PlannedRun, Execution]) -> None:
    run, execution = pooled
    folders = dict(zip(POOLINGS, execution.judged_folders(run), strict=True))
    drawn = {name: drawn_run(folder, 60) for name, folder in folders.items()}
    same = difference(drawn["max"], drawn["max"], "all", ("auc",))["auc"]
    assert (same.value, same.low, same.high) == (0, 0, 0)
    gap = difference(drawn["max"], drawn["mean"], "all", ("auc", "f1"))
    figures = {name: figures_of(run, execution, name).groups["all"] for name in ("max", "mean")}
    for metric in ("auc", "f1"):
        expected = figures["max"][metric].value - figures["mean"][metric].value
        assert gap[metric].value == pytest.approx(expected, abs=1e-5)
        assert gap[metric].low <= gap[metric].value <= gap[metric].high


def test_runs_on_different_cases_are_not_compared(pooled: tuple[PlannedRun, Execution]) -> None:
    run, execution = pooled
    drawn = drawn_run(execution.judged_folders(run)[1], 5)
    shuffled = replace(drawn, case_ids=np.roll(drawn.case_ids, 1))
    with pytest.raises(ConfigError, match="different cases"):
        difference(drawn, shuffled, "all", ("auc",))


def test_a_starting_model_keeps_the_encoder_and_has_a_new_last_layer(recipe: Path, tmp_path: Path) -> None:
    run = plan(recipe, "pretrained")
    execution = Execution(tmp_path, recipe.parent / "prepared", resamples=0)
    execute(run, execution)
    model = load_model(execution.folder(run) / "model")
    for single_image in (True, False):
        network = fine_tuning_network(model.card.network, single_image)
        write_starting_model(model, network, tmp_path / "start", keep_fusion=not single_image)
        start = load_model(tmp_path / "start").network.state_dict()
        assert any(name.startswith("fusion.") for name in start) is not single_image
        for name, tensor in start.items():
            inherited = not name.startswith("head.")
            assert torch.equal(tensor, model.network.state_dict()[name]) is inherited or tensor.ndim == 0, name
        tuned = plan(recipe, f"tuned {single_image}", f'optimisation.initial_model="{tmp_path / "start"}"')
        tuned = replace(tuned, config=replace(tuned.config, network=network))
        execute(tuned, execution)
        assert load_model(execution.folder(tuned) / "model").card.network.fusion.kind == network.fusion.kind
