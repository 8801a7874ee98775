"""Checkpoints from which a run continues bit for bit; tensors in safetensors, the rest as JSON in its header.

Nothing is pickled. The random draws of a step follow from the seed and the step (see `random_state.py` and
`sampling.py`), so the step is all that must be kept of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ModelError, RaddiagError
from raddiag_train.training.ema import ExponentialMovingAverage

_PREFIX, _SUFFIX = "step-", ".safetensors"


@dataclass(frozen=True)
class RunState:
    """Where a run stands.

    Attributes:
        step: Optimiser steps done.
        seconds: Time spent training, over all parts of the run.
        run_key: Digest of what must not change between the parts of a run: data, label space, configuration.
    """

    step: int
    seconds: float
    run_key: str


def save_checkpoint(
    folder: Path,
    state: RunState,
    network: nn.Module,
    ema: ExponentialMovingAverage,
    optimiser: torch.optim.Optimizer,
    kept: int,
) -> Path:
    """Write a checkpoint in one step, then delete all but the newest `kept`.

    Raises:
        RaddiagError: It cannot be written, as on a full disk; the earlier ones are whole.
    """
    path = folder / f"{_PREFIX}{state.step:09d}{_SUFFIX}"
    try:
        tensors = {
            name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(network, ema, optimiser).items()
        }
        with atomic_path(path) as unfinished:
            save_file(tensors, unfinished, metadata={"state": json.dumps(vars(state), sort_keys=True)})
    except (OSError, SafetensorError) as error:
        raise RaddiagError(
            f"{path}: the checkpoint cannot be written ({error}); free space and go on with --resume"
        ) from error
    for old in checkpoints(folder)[:-kept]:
        old.unlink()
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


def load_checkpoint(
    path: Path, run_key: str, network: nn.Module, ema: ExponentialMovingAverage, optimiser: torch.optim.Optimizer
) -> RunState:
    """Put a run back where the checkpoint left it.

    Raises:
        ModelError: The file is damaged, or from a run with other data, label space or configuration.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            state = RunState(**json.loads(stored.metadata()["state"]))
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: a damaged checkpoint ({error}); delete it to go on from the one before") from error
    if state.run_key != run_key:
        raise ModelError(
            f"{path}: from a run with other data, labels or settings; restore them, or start anew with another --output"
        )
    _restore_optimiser(optimiser, network, tensors)
    live = _tensors(network, ema, optimiser)
    if live.keys() != tensors.keys() or any(live[name].shape != tensors[name].shape for name in live):
        raise ModelError(f"{path}: of another architecture; start anew with another --output")
    with torch.no_grad():
        for name, tensor in live.items():
            tensor.copy_(tensors[name])
    return state


def _tensors(network: nn.Module, ema: ExponentialMovingAverage, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Everything a run has learned, under dotted names; the tensors are those in use, not copies."""
    named = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    named |= {f"average.{name}": tensor for name, tensor in ema.averages.items()}
    for name, parameter in network.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            named[f"optimiser.{name}:{key}"] = value
    return named


def _restore_optimiser(optimiser: torch.optim.Optimizer, network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Make room for the state that an optimiser only has after its first step; the values are copied in later.

    A moment gets the memory format of its parameter, without which the last bits of the next step may differ.
    """
    parameters = dict(network.named_parameters())
    fused = any(group.get("fused") for group in optimiser.param_groups)
    for full_name, tensor in tensors.items():
        if full_name.startswith("optimiser."):
            name, _, key = full_name.removeprefix("optimiser.").partition(":")
            if name in parameters:
                like = parameters[name].detach() if tensor.ndim else tensor
                # A fused optimiser counts its steps on the device, any other on the CPU.
                where = parameters[name].device if tensor.ndim or fused else tensor.device
                optimiser.state[parameters[name]][key] = torch.zeros_like(like, dtype=tensor.dtype, device=where)
