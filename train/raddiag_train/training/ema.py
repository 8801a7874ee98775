"""An exponential moving average of the weights, which is what is evaluated and published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """The average of a network's parameters and floating-point buffers; other buffers are copied.

    Attributes:
        averages: Name -> tensor, for every floating-point entry of the network's state.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._decay = decay
        self.averages = {name: tensor.clone() for name, tensor in self._live().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step`, counted from 0; the decay warms up as (1 + t) / (10 + t)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        live = self._live()
        torch._foreach_lerp_(list(self.averages.values()), [live[name] for name in self.averages], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network holds the averages inside the `with` block, and its own weights again after it."""
        live = self._live()
        kept = {name: tensor.clone() for name, tensor in live.items()}
        _copy(self.averages, live)
        try:
            yield
        finally:
            _copy(kept, live)

    def _live(self) -> dict[str, Tensor]:
        return {n: t.detach() for n, t in self._network.state_dict().items() if t.is_floating_point()}


@torch.no_grad()
def _copy(source: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    for name, tensor in source.items():
        target[name].copy_(tensor)
