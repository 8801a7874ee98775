"""Training of fusion and classifier alone, on the embeddings of an encoder that stays as it is.

Each scan is encoded once, without augmentation, so that thousands of steps take a minute on a CPU. Fusion and poolings
are then compared on the same embeddings. Schedule, loss, optimiser and average are those of the loop.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from raddiag_train.evaluation.predict import predict
from raddiag_train.progress import progress_bar, task_progress
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.publishing import publish
from raddiag_train.training.random_state import seed_step
from raddiag_train.training.run_folder import write_config
from raddiag_train.training.training_data import TrainingData, load_training_data
from raddiag_train.training.training_run import TrainingRun, start_run


def train_on_embeddings(config: TrainingConfig, folder: Path) -> None:
    """Train a network whose encoder comes from `optimisation.initial_model`, and write its model folder.

    Nothing is kept of a run that was stopped: it starts anew, which costs the encoding of the scans.

    Args:
        config: The recipe; batches are drawn with replacement, `optimisation.batch_cases` a step.
        folder: Of the run; gets config.toml, metrics.jsonl and model/.

    Raises:
        RaddiagError: As `raddiag_train.training.loop.train`.
    """
    started = time.monotonic()
    data = load_training_data(config.data, config.preparation)
    run = start_run(config, folder, data, resume=False)
    write_config(folder, config)
    with task_progress("encoding scans") as progress:
        embeddings = predict(run.network, data.train, progress=progress).embeddings
    cases = [torch.from_numpy(one).to(run.device) for one in embeddings]
    _train(run, cases, _modality_ids(data), torch.from_numpy(data.train.case_labels.matrix()).float().to(run.device))
    run.log.write("training", run.steps, seconds=round(time.monotonic() - started, 1))
    with run.ema.applied():
        publish(run.network, config, data, folder / "model", run.label_loss.adjustment_K, run.text)


def _train(run: TrainingRun, cases: list[Tensor], modality_ids: list[Tensor], targets_NK: Tensor) -> None:
    config, network = run.config, run.network
    learned = [*network.head.parameters(), *(network.fusion.parameters() if network.fusion is not None else ())]
    with progress_bar() as bar:
        task = bar.add_task("training", total=run.steps)
        for step in range(run.steps):
            learning_rate = run.set_learning_rate(step)
            generator = seed_step(config.run.seed, step)
            rows = torch.randint(len(cases), (config.optimisation.batch_cases,), generator=generator).tolist()
            embeddings_BSC = nn.utils.rnn.pad_sequence([cases[row] for row in rows], batch_first=True)
            ids_BS = nn.utils.rnn.pad_sequence([modality_ids[row] for row in rows], batch_first=True).to(run.device)
            sizes_B = torch.tensor([len(cases[row]) for row in rows])
            mask_BS = (torch.arange(int(sizes_B.max())) < sizes_B[:, None]).to(run.device)
            loss = run.label_loss(network.diagnose(embeddings_BSC, ids_BS, mask_BS), targets_NK[rows], None)
            loss.backward()
            nn.utils.clip_grad_norm_(learned, config.optimisation.gradient_clip or math.inf)
            run.optimiser.step()
            run.optimiser.zero_grad(set_to_none=True)
            run.ema.update(step)
            if (step + 1) % config.run.log_steps == 0:
                run.log.write("training", step + 1, loss=float(loss.detach()), learning_rate=learning_rate)
            bar.update(task, completed=step + 1)


def _modality_ids(data: TrainingData) -> list[Tensor]:
    """Of each scan of each training case."""
    return [
        torch.tensor([scan.modality_id for scan in data.train[index].scans], dtype=torch.int64)
        for index in range(len(data.train))
    ]
