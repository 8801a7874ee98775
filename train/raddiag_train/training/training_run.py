"""A run as it stands between two steps, made anew or from a checkpoint."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.batches import Collate, TrainingBatch
from raddiag_train.data.sampling import EpochSampler, case_factors
from raddiag_train.evaluation.input_score_data import has_enough_scans, largest_group
from raddiag_train.evaluation.input_score_fit import InputScoreFit
from raddiag_train.evaluation.source_results import SourceResult, source_results
from raddiag_train.training.activation_checkpointing import checkpoint_activations
from raddiag_train.training.checkpoint import RunState, checkpoints, load_checkpoint, save_checkpoint
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.distributed import Processes
from raddiag_train.training.ema import ExponentialMovingAverage
from raddiag_train.training.inheritance import inherit_weights
from raddiag_train.training.initialisation import build_network, build_optimiser, sampled_log_odds, start_at_prior
from raddiag_train.training.label_text import LabelText, embed_labels
from raddiag_train.training.losses import LabelLoss, label_loss
from raddiag_train.training.metrics_log import MetricsLog, SilentLog, open_log
from raddiag_train.training.precision import autocast
from raddiag_train.training.run_folder import CHECKPOINTS, refuse_changes, run_key
from raddiag_train.training.schedule import learning_rate_factor
from raddiag_train.training.shared_validation import shared_logits
from raddiag_train.training.timed_batches import TimedBatches
from raddiag_train.training.training_data import TrainingData


@dataclass
class TrainingRun:
    """Everything that a step changes or needs.

    Attributes:
        config: The recipe.
        folder: Of the run.
        data: Cases and labels.
        device: Where the network is.
        sampler: Says which cases make up a step.
        steps: Optimiser steps of the whole run.
        network: In training mode.
        text: Of the classes, for a knowledge head.
        optimiser: Of its parameters.
        ema: Average of its weights.
        state: Where the run stands.
        label_loss: Of the labels.
        log: metrics.jsonl.
        processes: That compute the run.
        started: Of this part of the run, on the monotonic clock, less the time of the parts before.
    """

    config: TrainingConfig
    folder: Path
    data: TrainingData
    device: torch.device
    sampler: EpochSampler
    steps: int
    network: RadDiag
    text: LabelText | None
    optimiser: torch.optim.Optimizer
    ema: ExponentialMovingAverage
    state: RunState
    label_loss: LabelLoss
    log: MetricsLog | SilentLog
    processes: Processes
    started: float

    @property
    def validation_steps(self) -> int:
        """Steps between two validations: an epoch, if the recipe does not say."""
        return self.config.run.validation_steps or steps_per_epoch(self.config, self.sampler)

    def autocast(self) -> torch.autocast:
        """The context of a forward pass in training."""
        return autocast(self.device, self.config.optimisation.precision)

    def set_learning_rate(self, step: int) -> float:
        """Give the optimiser the learning rate of a step."""
        optimisation = self.config.optimisation
        warmup_steps = round(optimisation.warmup_share * self.steps)
        learning_rate = optimisation.learning_rate * learning_rate_factor(step, self.steps, warmup_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate * group["factor"]
        return learning_rate

    def batches(self) -> TimedBatches:
        """The batches of the steps that are left, `accumulation` of them a step; of each the scans of this process."""
        parts = self.config.optimisation.accumulation
        first, last = self.state.step * parts, self.steps * parts
        epoch, position = divmod(first, self.sampler.batches_per_epoch())
        epochs = (self.sampler.batches(e, position if e == epoch else 0) for e in itertools.count(epoch))
        workers = self.config.data.workers
        loader: DataLoader[TrainingBatch] = DataLoader(
            self.data.train,  # type: ignore[arg-type]  # any map-style data set
            batch_sampler=itertools.islice(itertools.chain.from_iterable(epochs), last - first),  # type: ignore[arg-type]
            collate_fn=Collate(self.network.config, self.processes.share),
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            multiprocessing_context="spawn" if workers else None,
            generator=torch.Generator(),
        )
        return TimedBatches(iter(loader))

    def advance(self) -> int:
        """Count a step as done; gives how many are."""
        self.state = replace(self.state, step=self.state.step + 1, seconds=time.monotonic() - self.started)
        return self.state.step

    def validate(self) -> tuple[SourceResult, ...]:
        """Judge the averaged weights on the validation cases, without intervals, and log it."""
        validation = self.data.validation
        with self.ema.applied():
            logits_NK = shared_logits(self.network, validation, self.processes, self.autocast())
        labels = self.data.labels
        results = source_results(validation.records, logits_NK[:, : len(labels)], labels, resamples=0)
        figures = {r.source: {"macro_auc": r.macro_auc, "accuracy": r.accuracy} for r in results}
        self.log.write("validation", self.state.step, seconds=round(self.state.seconds, 1), sources=figures)
        return results

    def log_training(
        self, losses: list[torch.Tensor], learning_rate: float, gradient_norm: torch.Tensor, batches: TimedBatches
    ) -> float:
        """Log the mean loss since the last line and the time it waited for data since then, and give the loss.

        Raises:
            RaddiagError: It is not finite.
        """
        loss = self.finite(torch.stack(losses).mean())
        figures = {
            "loss": loss,
            "learning_rate": learning_rate,
            "gradient_norm": round(float(gradient_norm), 4),
            "seconds": round(self.state.seconds, 1),
            "waiting_seconds": round(batches.waited_since(), 3),
        }
        self.log.write("training", self.state.step, **figures)
        return loss

    def finite(self, loss: torch.Tensor) -> float:
        """The loss as a number.

        Raises:
            RaddiagError: It is not finite.
        """
        value = float(loss)
        if not math.isfinite(value):
            raise RaddiagError(
                f"the loss is not finite at step {self.state.step}; lower optimisation.learning_rate, "
                "and go on from the last checkpoint or start anew"
            )
        return value

    def save(self) -> None:
        """Write a checkpoint."""
        kept = self.config.run.kept_checkpoints
        save_checkpoint(self.folder / CHECKPOINTS, self.state, self.network, self.ema, self.optimiser, kept)


def start_run(
    config: TrainingConfig, folder: Path, data: TrainingData, resume: bool, processes: Processes | None = None
) -> TrainingRun:
    """A run before its first step or, on `resume`, as the newest checkpoint has it.

    Raises:
        ConfigError: A setting that this machine or the data do not allow.
        ModelError: The checkpoint is damaged or of another run.
    """
    processes = processes or Processes()
    optimisation, device = config.optimisation, place().device
    if optimisation.localisation_weight > 0 and not data.has_masks:
        raise ConfigError("optimisation.localisation_weight: no training case has a lesion mask; leave it out")
    if optimisation.loss.key_slice_weight > 0 and not data.has_key_slices:
        raise ConfigError(
            "optimisation.loss.key_slice_weight: no training case has a key slice in a volume whose slices are known; "
            "leave it out, or delete the cache of prepared scans if an older version made it"
        )
    if not has_enough_scans(data.validation):
        raise ConfigError(
            f"the validation cases hold at most {largest_group(data.validation)} scans of one kind, modality and "
            f"anatomy, and the input score needs {InputScoreFit().fewest_scans}; add validation cases"
        )
    sources, labels = [record.source for record in data.train.records], data.train.case_labels
    expected_N = case_factors(sources, labels, config.data.source_weights, optimisation.repeat_threshold)
    sampler = EpochSampler(expected_N, optimisation.batch_cases // optimisation.accumulation, config.run.seed)
    steps = optimisation.steps or max(1, round(optimisation.epochs * steps_per_epoch(config, sampler)))

    knows_text = config.network.head.kind == "knowledge"
    text = embed_labels(config.knowledge, data.labels) if knows_text else None
    torch.manual_seed(config.run.seed)
    network = build_network(config.network, data.labels.targets, device, text.embeddings_KT if text else None)
    log_odds_K = sampled_log_odds(labels, expected_N).to(device)
    if optimisation.prior_bias:
        # The loss adds the adjustment itself.
        start_at_prior(network, (1 - optimisation.loss.logit_adjustment) * log_odds_K)
    if optimisation.initial_model:
        inherit_weights(
            network, data.labels.names, optimisation.initial_model, encoder_sha256=text.card.sha256 if text else ""
        )
    processes.share_network(network)
    if config.run.gradient_checkpointing:
        checkpoint_activations(network.encoder)
    optimiser = build_optimiser(network, optimisation)
    ema = ExponentialMovingAverage(network, optimisation.ema_decay)
    state = RunState(step=0, seconds=0.0, run_key=run_key(config, data.key + (text.card.sha256 if text else "")))
    if resume and (saved := checkpoints(folder / CHECKPOINTS)):
        refuse_changes(folder, config)
        state = load_checkpoint(saved[-1], state.run_key, network, ema, optimiser)
    if not processes.agree(state.step):
        raise ConfigError(f"{folder}: not every process sees the checkpoint of step {state.step}; name a shared folder")
    return TrainingRun(
        config=config,
        folder=folder,
        data=data,
        device=device,
        sampler=sampler,
        steps=steps,
        network=network.train(),
        text=text,
        optimiser=optimiser,
        ema=ema,
        state=state,
        label_loss=label_loss(optimisation.loss, log_odds_K, len(data.labels)),
        log=open_log(folder, state.step, config.run.tensorboard) if processes.leads else SilentLog(),
        processes=processes,
        started=time.monotonic() - state.seconds,
    )


def steps_per_epoch(config: TrainingConfig, sampler: EpochSampler) -> int:
    """Optimiser steps of an epoch, at least one."""
    return max(1, sampler.batches_per_epoch() // config.optimisation.accumulation)
