"""ResNets against MONAI's, with the same weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from raddiag_engine.network.residual import BasicBlock, Bottleneck
from raddiag_engine.network.resnet import BASIC_BLOCKS, ResNet


def with_random_statistics(network: nn.Module) -> nn.Module:
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm3d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    return network.eval()


def test_resnet_50_agrees_with_monai_s() -> None:
    from monai.networks.nets import resnet50

    torch.manual_seed(0)
    oracle = with_random_statistics(
        resnet50(spatial_dims=2, n_input_channels=3, conv1_t_stride=2, bias_downsample=False, shortcut_type="B")
    )
    network = ResNet(Bottleneck, 2, 3, 64, (3, 4, 6, 3)).eval()
    weights = {name: tensor for name, tensor in oracle.state_dict().items() if not name.startswith("fc.")}
    network.load_state_dict(weights, strict=True)
    x_NCHW = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        expected = oracle(x_NCHW)
        logits = oracle.fc(network(x_NCHW).mean((2, 3)))
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_resnet_18_agrees_with_monai_s_in_two_and_three_dimensions(dimensions: int) -> None:
    from monai.networks.nets import resnet18

    torch.manual_seed(0)
    oracle = with_random_statistics(
        resnet18(
            spatial_dims=dimensions,
            n_input_channels=1,
            conv1_t_size=7,
            conv1_t_stride=2,
            bias_downsample=False,
            shortcut_type="B",
        )
    )
    network = ResNet(
        BasicBlock,
        dimensions,  # type: ignore[arg-type]
        1,
        64,
        BASIC_BLOCKS[18],
        stem_kernel_depth=7,
        stem_depth_strides=(2, 2),
    ).eval()
    weights = {name: tensor for name, tensor in oracle.state_dict().items() if not name.startswith("fc.")}
    network.load_state_dict(weights, strict=True)
    x = torch.rand(1, 1, *(32, 48, 32)[3 - dimensions :])
    with torch.no_grad():
        expected = oracle(x)
        logits = oracle.fc(network(x).flatten(2).mean(2))
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)


def test_no_relu_is_in_place_or_used_twice() -> None:
    network = ResNet(BasicBlock, 2, 1, 4, BASIC_BLOCKS[18]).eval()
    calls: dict[nn.Module, int] = {}
    relus = [part for part in network.modules() if isinstance(part, nn.ReLU)]
    for relu in relus:
        assert not relu.inplace
        relu.register_forward_hook(lambda part, *_: calls.update({part: calls.get(part, 0) + 1}))
    network(torch.rand(1, 1, 32, 32))
    assert calls == dict.fromkeys(relus, 1)
