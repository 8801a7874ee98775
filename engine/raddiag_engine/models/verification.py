"""Checks a model folder from end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import WEIGHTS_NAME, load_model


@dataclass(frozen=True)
class Verified:
    """A model that passed.

    Attributes:
        card: Its card.
        tensors: Number of tensors, all finite.
        parameters: Trainable numbers of the network.
    """

    card: ModelCard
    tensors: int
    parameters: int


def verify_model(folder: Path, progress: Callable[[int, int, str], None] = lambda done, total, what: None) -> Verified:
    """Hash the weights anew, load them and look at every number.

    Args:
        folder: Of the model.
        progress: Called with steps done, steps to do and what is being done.

    Raises:
        ModelError: As `load_model`, or a weight is not finite.
    """
    progress(0, 1, "hashing and loading the weights")
    model = load_model(folder)
    tensors = {**model.network.state_dict(), **model.extra}
    for done, (name, tensor) in enumerate(tensors.items(), start=1):
        if not bool(tensor.isfinite().all()):
            raise ModelError(f"{folder / WEIGHTS_NAME}: {name!r} holds values that are not finite; get the model again")
        progress(done, len(tensors), "looking at every number")
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    return Verified(model.card, len(tensors), parameters)
