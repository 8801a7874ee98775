"""Batch norms that take the statistics of a batch whose scans are shared out over processes.

torch's own SyncBatchNorm does so on GPUs, and is used there; it refuses the CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SynchronisedBatchNorm(_BatchNorm):
    """In training mode, mean and variance are over all processes; one may have no scan of a group at all.

    Args:
        norm: Whose parameters and statistics it takes over.
        total: Adds up a tensor over the processes, with its gradient.
    """

    def __init__(self, norm: _BatchNorm, total: Callable[[Tensor], Tensor]) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self._total = total

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) to the same shape."""
        if not self.training:
            return super().forward(input)
        others = [axis for axis in range(input.ndim) if axis != 1]
        wide = (1, -1, *[1] * (input.ndim - 2))
        values = input.float()
        count = values.new_tensor([values.numel() / self.num_features])
        sums = self._total(torch.cat([values.sum(others), count]))
        cases = sums[-1].detach()
        mean_C = sums[:-1] / cases
        centred = values - mean_C.view(wide)
        variance_C = self._total(centred.square().sum(others)) / cases
        if self.track_running_stats:
            self._update(mean_C.detach(), variance_C.detach() * cases / (cases - 1).clamp(min=1))
        scaled = centred * ((variance_C + self.eps).rsqrt() * self.weight).view(wide)
        return (scaled + self.bias.view(wide)).to(input.dtype)

    @torch.no_grad()
    def _update(self, mean_C: Tensor, variance_C: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        self.running_mean.lerp_(mean_C, self.momentum)
        self.running_var.lerp_(variance_C, self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of axes."""


def synchronise_norms(network: nn.Module, total: Callable[[Tensor], Tensor]) -> None:
    """Replace every batch norm; parameters, statistics and their names stay.

    Args:
        network: Changed in place.
        total: Adds up a tensor over the processes, with its gradient.
    """
    on_gpu = next(network.parameters()).is_cuda
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _BatchNorm):
                replaced = nn.SyncBatchNorm.convert_sync_batchnorm(child) if on_gpu else None
                setattr(module, name, replaced or SynchronisedBatchNorm(child, total))
