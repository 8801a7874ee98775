"""Training, from a recipe to a model folder: read it from top to bottom."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from raddiag_engine.network.model import RadDiag
from raddiag_train.evaluation.source_results import SourceResult
from raddiag_train.progress import progress_bar
from raddiag_train.training.case_mixing import FusionInput, mix_cases
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.distributed import joined_processes
from raddiag_train.training.environment import write_environment
from raddiag_train.training.frozen_norms import freeze_norms
from raddiag_train.training.key_slice_loss import key_slice_loss
from raddiag_train.training.localisation import localisation_loss
from raddiag_train.training.publishing import publish
from raddiag_train.training.random_state import seed_step
from raddiag_train.training.run_folder import MODEL, refuse_other_run, write_config
from raddiag_train.training.step_failure import step_failures_named
from raddiag_train.training.stop_signal import StopSignal
from raddiag_train.training.training_data import load_training_data
from raddiag_train.training.training_run import TrainingRun, start_run
from raddiag_train.training.variation import StepInput, case_facts, vary


def train(config: TrainingConfig, folder: Path, *, resume: bool = False) -> bool:
    """Train a network and write its model folder.

    Args:
        config: The recipe.
        folder: Of the run; gets config.toml, metrics.jsonl, checkpoints/ and, at the end, model/.
        resume: Go on from the newest checkpoint in `folder`, if there is one.

    Returns:
        False if SIGTERM or Ctrl-C stopped it; a checkpoint of the last step was written.

    Raises:
        RaddiagError: The recipe, the data or the folder is not usable, or the loss is no longer finite.
    """
    with joined_processes() as processes:
        refuse_other_run(folder, resume)
        with processes.one_after_another():
            data = load_training_data(config.data, config.preparation)
        run = start_run(config, folder, data, resume, processes)
        if processes.leads:
            write_config(folder, config)
            write_environment(folder, run)
        finished = train_steps(run)
    if finished and processes.leads:
        with run.ema.applied():
            publish(run.network, config, data, folder / MODEL, run.label_loss.adjustment_K, run.text)
    return finished


def train_steps(run: TrainingRun) -> bool:
    """Make the steps that are left; False if a signal stopped it before the last."""
    config, network, optimiser = run.config, run.network, run.optimiser
    accumulation, gradient_clip = config.optimisation.accumulation, config.optimisation.gradient_clip or math.inf
    facts = case_facts(run.data, config.optimisation.mask_unlabelled_sources)
    first_frozen = round((1 - config.optimisation.frozen_norm_share) * run.steps)
    batches, processes = run.batches(), run.processes
    batch_loss = processes.share_loss(network, step_loss)
    losses: list[Tensor] = []
    with StopSignal() as stop, step_failures_named(run), progress_bar(visible=processes.leads) as bar:
        task = bar.add_task("training", total=run.steps, completed=run.state.step)
        for step in range(run.state.step, run.steps):
            learning_rate = run.set_learning_rate(step)
            if step >= first_frozen:
                freeze_norms(network)
            generator = seed_step(config.run.seed, step)
            for part in range(accumulation):
                given = vary(next(batches), facts, config, run.device, generator, processes.total)
                with processes.exchanging(batch_loss, part == accumulation - 1):
                    loss = batch_loss(given, facts.normal, run, generator)
                    (loss / accumulation).backward()
                losses.append(loss.detach())
            gradient_norm = nn.utils.clip_grad_norm_(network.parameters(), gradient_clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            run.ema.update(step)

            done = run.advance()
            ends = processes.any(stop.received) or done == run.steps
            saves = ends or done % config.run.checkpoint_steps == 0
            if saves or done % config.run.log_steps == 0:
                mean_loss = run.log_training(losses, learning_rate, gradient_norm, batches)
                bar.update(task, description=f"training, loss {mean_loss:.3f}")
                losses.clear()
            if done == run.steps or done % run.validation_steps == 0:
                results = run.validate()
                if processes.leads:
                    bar.console.print(_line(done, results), highlight=False)
            if saves and processes.leads:
                run.save()
            bar.update(task, completed=done)
            if ends:
                break
    return run.state.step == run.steps


def step_loss(
    network: RadDiag, given: StepInput, normal: int | None, run: TrainingRun, generator: torch.Generator
) -> Tensor:
    """The loss of a batch: of its labels and, where the recipe asks for it, of where its lesions are seen."""
    optimisation, scans = run.config.optimisation, given.scans
    features: list[Tensor] = []
    slice_scores: list[Tensor] = []
    with run.autocast():
        if optimisation.localisation_weight > 0:
            own_embeddings_BSC, features = network.encode_with_features(scans)
        elif optimisation.loss.key_slice_weight > 0:
            own_embeddings_BSC, slice_scores = network.encode_with_slice_scores(scans)
        else:
            own_embeddings_BSC = network.encode(scans)
        embeddings_BSC = run.processes.total(own_embeddings_BSC)
        alone = FusionInput(embeddings_BSC, scans.modality_ids_BS, scans.mask_BS, given.targets_BK, given.known_BK)
        mixed = alone
        if optimisation.case_mixing > 0:
            mixed = mix_cases(alone, given.anatomies_B, normal, optimisation.case_mixing, generator)
        logits_BK = network.diagnose(mixed.embeddings_BSC, mixed.modality_ids_BS, mixed.mask_BS)
        loss = run.label_loss(logits_BK, mixed.targets_BK, mixed.known_BK)
        if optimisation.loss.key_slice_weight > 0:
            attention_loss = key_slice_loss(slice_scores, scans, given.key_slices, run.processes.total)
            loss = loss + optimisation.loss.key_slice_weight * attention_loss
        if optimisation.localisation_weight == 0:
            return loss
        if mixed is not alone:  # a map is asked of a case as it is
            logits_BK = network.diagnose(embeddings_BSC, scans.modality_ids_BS, scans.mask_BS)
    factor, total = optimisation.volume_localisation_factor, run.processes.total
    return loss + optimisation.localisation_weight * localisation_loss(
        logits_BK, features, scans, given.lesions, given.masked, generator, factor, total
    )


def _line(step: int, results: tuple[SourceResult, ...]) -> str:
    """The validation in one line for the terminal."""
    figures = (
        f"{result.source or 'cases'}: AUC {result.macro_auc:.4f}"
        + ("" if result.accuracy is None else f", accuracy {result.accuracy:.3f}")
        for result in results
    )
    return f"step {step}  " + "; ".join(figures)
