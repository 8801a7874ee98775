"""A narrow 1x1 convolution with a stride: the numbers of torch's own, without the part of oneDNN that crashes."""

from __future__ import annotations

import torch

from raddiag_engine.network.residual import NarrowStridedConv2d, convolution


def test_leaving_out_pixels_first_is_a_stride() -> None:
    torch.manual_seed(0)
    ours = convolution(2, 8, 16, 1, 2)
    assert isinstance(ours, NarrowStridedConv2d)
    x = torch.randn(2, 8, 9, 12)
    torch.testing.assert_close(ours(x), torch.nn.functional.conv2d(x, ours.weight, stride=2))
    assert not isinstance(convolution(2, 16, 32, 1, 2), NarrowStridedConv2d)
    assert not isinstance(convolution(2, 8, 16, 3, 2), NarrowStridedConv2d)
