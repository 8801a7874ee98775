"""Makes the runs of an experiment, each in a folder of its own; what is finished is not made again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from raddiag_engine.atomic import write_text
from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.models.folder import Model, load_model
from raddiag_train.data.records import CaseRecord, write_records
from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate, stored_predictions
from raddiag_train.evaluation.stored_predictions import FILE_NAME, write_predictions
from raddiag_train.evaluation.twins import have_twins
from raddiag_train.experiments.embedding_training import train_on_embeddings
from raddiag_train.experiments.planned_run import PlannedRun
from raddiag_train.experiments.pooled_models import POOLINGS, write_pooled_model
from raddiag_train.experiments.run_figures import RunFigures, group_figures, read_figures, write_figures
from raddiag_train.progress import task_progress
from raddiag_train.training.loop import train

FIGURES, PLAN, CASES = "figures.json", "plan.json", "cases.jsonl"
MODEL, METRICS = "model", "metrics.jsonl"  # of a run folder
WITHOUT_TWINS = ", without twins"


class Stopped(RaddiagError):
    """A signal ended a run before its last step."""


@dataclass(frozen=True)
class Execution:
    """How the runs of an experiment are made.

    Attributes:
        output: Folder of the experiment.
        cache: Of prepared scans, which all runs share.
        device: "auto", "cpu" or "cuda", of the evaluation; a run is trained where `raddiag train` would.
        resamples: Of the bootstrap.
        twins: Report without near-exact twins of training images as well.
    """

    output: Path
    cache: Path
    device: str = "auto"
    resamples: int = 1000
    twins: bool = False

    def folder(self, run: PlannedRun) -> Path:
        """Of a run."""
        return self.output / "runs" / run.name

    def is_finished(self, run: PlannedRun) -> bool:
        """True if the figures of the run stand already."""
        return all((folder / FIGURES).exists() for folder in self.judged_folders(run))

    def judged_folders(self, run: PlannedRun) -> list[Path]:
        """Where the figures of a run are: in its own folder, or in one a pooling."""
        folder = self.folder(run)
        return [folder / kind for kind in POOLINGS] if run.pooled else [folder]


def execute(run: PlannedRun, execution: Execution) -> None:
    """Train and judge a run, as far as that is not done; `RunFigures` then lie in each of its judged folders.

    Raises:
        Stopped: SIGTERM or Ctrl-C ended the training; the same command goes on from there.
        ConfigError: The folder holds another run.
        RaddiagError: As `train` and `evaluate`.
    """
    folder = execution.folder(run)
    _claim(run, folder)
    if execution.is_finished(run):
        return
    if not (folder / MODEL).exists():
        write_records(folder / CASES, run.records)
        data = replace(
            run.config.data,
            cases=(str(folder / CASES),),
            cache=str(execution.cache),
            exclude_disorders=(),
            # The run's cases are without them already.
            excluded_before=run.config.data.excluded_disorders,
        )
        config = replace(run.config, data=data)
        finished = train_on_embeddings(config, folder) if run.frozen_encoder else train(config, folder, resume=True)
        if not finished:
            raise Stopped(f"stopped; a checkpoint is in {folder}, go on with the same command")
    if not run.pooled:
        _judge(run, load_model(folder / MODEL), folder, execution)
        return
    classifier = load_model(folder / MODEL)
    validation = [record for record in run.records if record.split == run.config.data.validation_split]
    for kind, pooled in zip(POOLINGS, execution.judged_folders(run), strict=True):
        if not (pooled / FIGURES).exists():
            device = str(place(execution.device).device)
            write_pooled_model(classifier, kind, validation, execution.cache, pooled / MODEL, device)
            _judge(run, load_model(pooled / MODEL), pooled, execution)


def figures_of(run: PlannedRun, execution: Execution, pooling: str = "") -> RunFigures:
    """The figures of a finished run.

    Raises:
        ConfigError: They are damaged.
    """
    return read_figures(execution.folder(run) / pooling / FIGURES)


def _claim(run: PlannedRun, folder: Path) -> None:
    """Write down what the folder is for, or check that it is for this run.

    Raises:
        ConfigError: It is for another.
    """
    plan, key = folder / PLAN, run.key
    if plan.exists():
        try:
            found = json.loads(plan.read_text(encoding="utf-8"))["key"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{plan}: cannot be read ({error}); delete {folder} to make the run again") from error
        if found != key:
            raise ConfigError(
                f"{folder}: holds a run with other cases or settings; restore them, delete it, or name another --output"
            )
        return
    try:
        write_text(plan, json.dumps({"key": key, "cases": run.counts()}, indent=1) + "\n")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another --output") from error


def _judge(run: PlannedRun, model: Model, folder: Path, execution: Execution) -> None:
    torch.manual_seed(0)  # of the scans that random pooling picks
    # The run's cases are without the excluded disorders, and of categories one may be called as such a disorder is.
    model = replace(model, card=replace(model.card, excluded_disorders=()))
    # As in the paper, every scan of a case is fused.
    config = EvaluationConfig(device=execution.device, all_scans=True)
    evaluation = evaluate(model, run.records, execution.cache, config)
    stored = stored_predictions(evaluation)
    write_predictions(folder / FILE_NAME, stored)
    probabilities_NK, disorders = evaluation.probabilities_NK, model.card.disorders
    groups, classes = group_figures(disorders, probabilities_NK, stored.targets_NK, execution.resamples)
    if execution.twins:
        alone_N = ~_twins(evaluation.records, run.records)
        if alone_N.any():
            apart, counts = group_figures(
                disorders, probabilities_NK[alone_N], stored.targets_NK[alone_N], execution.resamples
            )
            groups |= {name + WITHOUT_TWINS: metrics for name, metrics in apart.items()}
            classes |= {name + WITHOUT_TWINS: count for name, count in counts.items()}
        cases = {**run.counts(), "test without twins": int(alone_N.sum())}
    else:
        cases = run.counts()
    write_figures(folder / FIGURES, RunFigures(run.key, cases, _seconds(execution.folder(run)), groups, classes))


def _twins(test: Sequence[CaseRecord], records: Sequence[CaseRecord]) -> np.ndarray:
    training = [record for record in records if record.split == "train"]
    with task_progress("looking for twins") as progress:
        return have_twins(test, training, progress)


def _seconds(folder: Path) -> float:
    """Time spent training, from the log."""
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return max((float(json.loads(line).get("seconds", 0)) for line in lines if line.strip()), default=0.0)
