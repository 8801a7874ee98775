"""Pre-training of the knowledge encoder, from pairs to an encoder folder: read it from top to bottom.

The loss is equation 4 of the paper with the positive in the denominator; `contrastive.py` says why. On a CPU it
computes in float32; on a GPU in bfloat16 where the chip has it. Under torchrun each process encodes its share of a
step's texts; draws and loss are those of one process (`training/distributed.py`), but for what dropout layers draw.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from raddiag_engine.atomic import write_text
from raddiag_engine.configuration import to_mapping
from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.knowledge.encoder_folder import save_encoder
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_train.knowledge.batches import KnowledgeBatch, KnowledgeBatches
from raddiag_train.knowledge.contrastive import contrastive_loss, sampled_negatives
from raddiag_train.knowledge.pair import KINDS, read_pairs
from raddiag_train.knowledge.pretraining_config import PretrainingConfig
from raddiag_train.knowledge.pretraining_record import part_of_pretraining, precision_on, run_key
from raddiag_train.knowledge.shared_vectors import shared_vectors
from raddiag_train.knowledge.starting_encoder import starting_encoder
from raddiag_train.progress import progress_bar
from raddiag_train.training.checkpoint import RunState, checkpoints, load_checkpoint, save_checkpoint
from raddiag_train.training.distributed import Processes, joined_processes
from raddiag_train.training.ema import ExponentialMovingAverage
from raddiag_train.training.environment import add_part
from raddiag_train.training.metrics_log import METRICS, MetricsLog, SilentLog
from raddiag_train.training.precision import autocast
from raddiag_train.training.random_state import seed_step
from raddiag_train.training.run_folder import CHECKPOINTS, CONFIG, MODEL, refuse_other_run
from raddiag_train.training.schedule import learning_rate_factor
from raddiag_train.training.stop_signal import StopSignal
from raddiag_train.training.toml_writer import to_toml


def pretrain(config: PretrainingConfig, folder: Path, *, resume: bool = False) -> bool:
    """Pre-train an encoder and write its folder.

    Args:
        config: The settings.
        folder: Of the run; gets config.toml, environment.json, metrics.jsonl, checkpoints/ and, at the end, model/.
        resume: Go on from the newest checkpoint in `folder`, if there is one.

    Returns:
        False if SIGTERM or Ctrl-C stopped it; a checkpoint of the last step was written.

    Raises:
        RaddiagError: Settings, pairs, starting encoder or folder are not usable, or the loss is no longer finite.
    """
    with joined_processes() as processes:
        return _pretrain(config, folder, resume, processes)


def _pretrain(config: PretrainingConfig, folder: Path, resume: bool, processes: Processes) -> bool:
    refuse_other_run(folder, resume)
    pairs = [pair for pair in read_pairs(Path(config.pairs)) if pair.part == "train"]
    chosen = place(config.device)
    try:
        shares = {kind: config.shares.get(kind, 0.0) for kind in KINDS}
        batches = KnowledgeBatches(pairs, shares, config.batch_pairs, config.hard_negatives)
    except ValueError as error:
        raise ConfigError(f"{config.pairs}: {error}") from error
    with processes.one_after_another():  # what the first fetches from the hub is there for the others
        encoder = starting_encoder(config.encoder, pairs, config.seed).to(chosen.device).train()
    optimiser = torch.optim.AdamW(encoder.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    ema = ExponentialMovingAverage(encoder, config.ema_decay)
    state = RunState(step=0, seconds=0.0, run_key=run_key(config, pairs))
    if resume and (saved := checkpoints(folder / CHECKPOINTS)):
        state = load_checkpoint(saved[-1], state.run_key, encoder, ema, optimiser)
    if not processes.agree(state.step):
        raise ConfigError(f"{folder}: not every process sees the checkpoint of step {state.step}; name a shared folder")
    if processes.leads:
        write_text(folder / CONFIG, to_toml(to_mapping(config)))
        add_part(folder, part_of_pretraining(config, pairs, state, chosen, processes))
    log = MetricsLog(folder / METRICS, after_step=state.step) if processes.leads else SilentLog()
    batch_loss = processes.share_loss(encoder, step_loss)
    started = time.monotonic() - state.seconds
    losses: list[Tensor] = []
    with StopSignal() as stop, progress_bar(visible=processes.leads) as bar:
        task = bar.add_task("pre-training", total=config.steps, completed=state.step)
        for step in range(state.step, config.steps):
            learning_rate = _set_learning_rate(optimiser, config, step)
            generator = seed_step(config.seed, step)
            # The processes have different texts, so that their dropout layers must not draw alike.
            torch.manual_seed(torch.initial_seed() + processes.rank)
            loss = batch_loss(batches.draw(generator), config, generator, processes)
            loss.backward()
            losses.append(loss.detach())
            nn.utils.clip_grad_norm_(encoder.parameters(), config.gradient_clip or math.inf)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            ema.update(step)

            state = replace(state, step=step + 1, seconds=time.monotonic() - started)
            ends = processes.any(stop.received) or state.step == config.steps
            saves = ends or state.step % config.checkpoint_steps == 0
            if saves or state.step % config.log_steps == 0:
                mean_loss = _log(log, state, losses, learning_rate)
                bar.update(task, description=f"pre-training, loss {mean_loss:.3f}")
                losses.clear()
            if saves and processes.leads:
                save_checkpoint(folder / CHECKPOINTS, state, encoder, ema, optimiser, config.kept_checkpoints)
            bar.update(task, completed=state.step)
            if ends:
                break
    finished = state.step == config.steps
    if finished and processes.leads:
        sources = sorted({pair.source for pair in pairs})
        history = {"sources": sources, "pairs": len(pairs), "settings": to_mapping(replace(config, pairs=""))}
        with ema.applied():
            save_encoder(encoder, folder / MODEL, history)
    return finished


def step_loss(
    encoder: TrainableEncoder,
    batch: KnowledgeBatch,
    config: PretrainingConfig,
    generator: torch.Generator,
    processes: Processes,
) -> Tensor:
    """The loss of a batch; texts that occur in it twice are encoded once."""
    texts = tuple(dict.fromkeys((*batch.terms, *batch.texts)))
    places = {text: place for place, text in enumerate(texts)}
    device = next(encoder.parameters()).device
    with autocast(device, precision_on(device)):
        vectors_NW = shared_vectors(encoder, texts, processes)
    terms_BW = vectors_NW[[places[term] for term in batch.terms]]
    texts_CW = vectors_NW[[places[text] for text in batch.texts]]
    negative_BC = sampled_negatives(batch.allowed_BC, batch.own_BC, config.negatives, generator)
    return contrastive_loss(terms_BW, texts_CW, negative_BC.to(device), config.temperature)


def _set_learning_rate(optimiser: torch.optim.Optimizer, config: PretrainingConfig, step: int) -> float:
    factor = learning_rate_factor(step, config.steps, round(config.warmup_share * config.steps))
    for group in optimiser.param_groups:
        group["lr"] = config.learning_rate * factor
    return config.learning_rate * factor


def _log(log: MetricsLog | SilentLog, state: RunState, losses: Sequence[Tensor], learning_rate: float) -> float:
    loss = float(torch.stack(list(losses)).mean())
    if not math.isfinite(loss):
        raise RaddiagError(
            f"the loss is not finite at step {state.step}; lower learning_rate, and go on from the last checkpoint or "
            "start anew"
        )
    log.write("training", state.step, loss=loss, learning_rate=learning_rate, seconds=round(state.seconds, 1))
    return loss
