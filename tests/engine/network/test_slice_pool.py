"""The pool of the 3D stem: that of MaxPool3d, in either memory format, and in bfloat16 under autocast."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from raddiag_engine.network.resnet import SliceMaxPool


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last_3d])
def test_it_pools_inside_the_slice_as_maxpool3d(memory_format: torch.memory_format) -> None:
    x = torch.randn(2, 3, 5, 9, 8, generator=torch.Generator().manual_seed(0)).to(memory_format=memory_format)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    pooled, expected = SliceMaxPool()(ours), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))(theirs)
    assert torch.equal(pooled, expected)
    assert pooled.is_contiguous(memory_format=memory_format)
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1))
    (pooled * weights).sum().backward()
    (expected * weights).sum().backward()
    assert ours.grad is not None and theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad)


def test_autocast_leaves_it_in_bfloat16() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert SliceMaxPool()(torch.ones(1, 2, 3, 8, 8, dtype=torch.bfloat16)).dtype is torch.bfloat16
