"""Training of fusion and classifier alone, on the embeddings of an encoder that stays as it is.

Each scan is encoded once, without augmentation, so that thousands of steps take a minute on a CPU. Fusion and poolings
are then compared on the same embeddings. Schedule, loss, optimiser and average are those of the loop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from raddiag_train.evaluation.predict import predict
from raddiag_train.progress import progress_bar, task_progress
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.environment import write_environment
from raddiag_train.training.publishing import publish
from raddiag_train.training.random_state import seed_step
from raddiag_train.training.run_folder import MODEL, write_config
from raddiag_train.training.step_failure import step_failures_named
from raddiag_train.training.stop_signal import StopSignal
from raddiag_train.training.training_data import TrainingData, load_training_data
from raddiag_train.training.training_run import TrainingRun, start_run


def train_on_embeddings(config: TrainingConfig, folder: Path) -> bool:
    """Train a network whose encoder comes from `optimisation.initial_model`, and write its model folder.

    A run that was stopped goes on from its newest checkpoint, with the numbers of one that was not; its scans are
    encoded again.

    Args:
        config: The recipe; batches are drawn with replacement, `optimisation.batch_cases` a step.
        folder: Of the run; gets config.toml, metrics.jsonl, checkpoints/ and, at the end, model/.

    Returns:
        False if SIGTERM or Ctrl-C stopped it; a checkpoint of the last step was written.

    Raises:
        RaddiagError: As `raddiag_train.training.loop.train`.
    """
    data = load_training_data(config.data, config.preparation)
    run = start_run(config, folder, data, resume=True)
    write_config(folder, config)
    write_environment(folder, run)
    with task_progress("encoding scans") as progress:
        embeddings = predict(run.network, data.train, progress=progress).embeddings
    encoded = _EncodedCases(
        [torch.from_numpy(one).to(run.device) for one in embeddings],
        _modality_ids(data),
        torch.from_numpy(data.train.case_labels.matrix()).float().to(run.device),
    )
    finished = _train(run, encoded)
    if finished:
        with run.ema.applied():
            publish(run.network, config, data, folder / MODEL, run.label_loss.adjustment_K, run.text)
    return finished


@dataclass(frozen=True, eq=False)
class _EncodedCases:
    """The training cases: embeddings (scans, C) and modality ids (scans,) of each, and targets (cases, K)."""

    embeddings: list[Tensor]
    modality_ids: list[Tensor]
    targets_NK: Tensor

    def logits_and_targets(self, run: TrainingRun, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Of the cases of a step, drawn with replacement."""
        cases = self.embeddings
        rows = torch.randint(len(cases), (run.config.optimisation.batch_cases,), generator=generator).tolist()
        embeddings_BSC = nn.utils.rnn.pad_sequence([cases[row] for row in rows], batch_first=True)
        ids_BS = nn.utils.rnn.pad_sequence([self.modality_ids[row] for row in rows], batch_first=True).to(run.device)
        sizes_B = torch.tensor([len(cases[row]) for row in rows])
        mask_BS = (torch.arange(int(sizes_B.max())) < sizes_B[:, None]).to(run.device)
        return run.network.diagnose(embeddings_BSC, ids_BS, mask_BS), self.targets_NK[rows]


def _train(run: TrainingRun, cases: _EncodedCases) -> bool:
    """Make the steps that are left; False if a signal stopped it before the last."""
    config, network = run.config, run.network
    learned = [*network.head.parameters(), *(network.fusion.parameters() if network.fusion is not None else ())]
    gradient_clip = config.optimisation.gradient_clip or math.inf
    with StopSignal() as stop, step_failures_named(run), progress_bar() as bar:
        task = bar.add_task("training", total=run.steps, completed=run.state.step)
        for step in range(run.state.step, run.steps):
            learning_rate = run.set_learning_rate(step)
            loss = run.label_loss(*cases.logits_and_targets(run, seed_step(config.run.seed, step)), None)
            loss.backward()
            nn.utils.clip_grad_norm_(learned, gradient_clip)
            run.optimiser.step()
            run.optimiser.zero_grad(set_to_none=True)
            run.ema.update(step)

            done = run.advance()
            ends = stop.received or done == run.steps
            saves = ends or done % config.run.checkpoint_steps == 0
            if saves or done % config.run.log_steps == 0:
                seconds, finite_loss = round(run.state.seconds, 1), run.finite(loss.detach())
                run.log.write("training", done, loss=finite_loss, learning_rate=learning_rate, seconds=seconds)
            if saves:
                run.save()
            bar.update(task, completed=done)
            if ends:
                break
    return run.state.step == run.steps


def _modality_ids(data: TrainingData) -> list[Tensor]:
    """Of each scan of each training case."""
    return [
        torch.tensor([scan.modality_id for scan in data.train[index].scans], dtype=torch.int64)
        for index in range(len(data.train))
    ]
