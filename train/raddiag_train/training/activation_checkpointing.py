"""Gradient checkpointing: what is inside a block of the encoder is computed again on the way back, not kept.

Memory for about a third more computing (Chen et al. 2016, arXiv 1604.06174). The gradients are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from raddiag_engine.network.residual import BasicBlock, Bottleneck
from raddiag_engine.network.transformer import PreNormBlock, ReleasedBlock

BLOCKS = (BasicBlock, Bottleneck, PreNormBlock, ReleasedBlock)


def checkpoint_activations(encoder: nn.Module) -> None:
    """Let every residual and transformer block of an encoder keep only its input; changed in place."""
    for block in encoder.modules():
        if isinstance(block, BLOCKS):
            contexts = partial(_first_and_second_pass, block)
            block.forward = partial(  # type: ignore[method-assign]
                checkpoint, block.forward, use_reentrant=False, context_fn=contexts
            )


def _first_and_second_pass(block: nn.Module) -> tuple[AbstractContextManager[object], AbstractContextManager[object]]:
    return nullcontext(), _statistics_kept(block)


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Batch norms see the same batch twice; their running statistics must take it in once."""
    norms = [module for module in block.modules() if isinstance(module, _BatchNorm) and module.training]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    counts = [None if tracked is None else tracked.clone() for _, tracked in before]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, tracked), count in zip(norms, before, counts, strict=True):
            norm.momentum = momentum
            if tracked is not None and count is not None:
                tracked.copy_(count)
