"""The network that a card describes, from its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.network.model import RadDiag


def build_network(card: ModelCard, state: Mapping[str, Tensor], source: Path) -> RadDiag:
    """The network that a card describes, with these weights, in evaluation mode.

    Args:
        card: Says the architecture.
        state: Name -> tensor, without prefix.
        source: File the weights come from, for messages.

    Raises:
        ModelError: A name is missing, unknown, or has another shape.
    """
    with _Undrawn():
        network = RadDiag(card.network)
    expected = network.state_dict()
    missing, unknown = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or unknown:
        first = f"{min(missing)!r} is missing" if missing else f"{min(unknown)!r} is not part of it"
        others = f" (and {len(missing | unknown) - 1} more differ)" if len(missing | unknown) > 1 else ""
        raise ModelError(f"{source}: not the weights of the card's {card.network.encoder} network: {first}{others}")
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            raise ModelError(
                f"{source}: {name!r} has shape {tuple(state[name].shape)}, but for the card's {card.network.classes} "
                f"disorders and widths it is {tuple(tensor.shape)}; card and weights belong to different models"
            )
    # Copied out of the mapped file, so that the folder can be replaced while the model is in use.
    own = {name: state[name].to(tensor.dtype, copy=True) for name, tensor in expected.items()}
    network.load_state_dict(own, assign=True)
    return network.eval()


class _Undrawn(TorchFunctionMode):
    """Leaves out the drawing of initial weights that are replaced at once.

    They are zeroed, not left as memory held them: `trunc_normal_` draws until every value is within its bounds, which
    undefined values may never be. The "meta" device would do as much, but importing what it needs takes seconds.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func.__name__ in ("normal_", "uniform_", "kaiming_uniform_"):
            with torch.no_grad():
                return (args[0] if args else (kwargs or {})["tensor"]).zero_()
        return func(*args, **(kwargs or {}))
