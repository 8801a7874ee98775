"""The inference twin gives the network's own numbers."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from raddiag_engine.network.config import EncoderKind
from raddiag_engine.network.folding import FoldedConvolution, folded
from raddiag_engine.network.packing import pack
from tests.engine.network.small_networks import image, small_config, small_network, volume

SCANS = [image(1), volume(2), image(3, size=(64, 32)), volume(4, slices=6)]


@pytest.mark.parametrize("encoder", get_args(EncoderKind))
def test_the_folded_network_agrees_with_the_network(encoder: EncoderKind) -> None:
    network = small_network(small_config(encoder))
    twin = folded(network)
    batch = pack([SCANS], network.config)
    with torch.no_grad():
        torch.testing.assert_close(twin(batch), network(batch), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(twin.encode_scans(SCANS, 2), network.encode_scans(SCANS, 2), atol=1e-5, rtol=1e-5)


def test_gradients_of_the_input_flow_through_the_folded_network() -> None:
    network = small_network(small_config())
    gradients = []
    for candidate in (network, folded(network)):
        features = candidate.spatial_features(volume(1)).detach().requires_grad_()
        candidate.embed_features(features, True).sum().backward()
        gradients.append(features.grad)
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-4)
    assert gradients[0].abs().max() > 0


def test_folding_leaves_the_network_as_it_was_and_shares_the_rest() -> None:
    network = small_network(small_config("slice_attention")).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    twin = folded(network)
    assert network.training and not twin.training
    after = network.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert twin.head.linear.weight.data_ptr() == network.head.linear.weight.data_ptr()
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in twin.modules())


def test_features_given_to_the_folded_network_are_not_overwritten() -> None:
    twin = folded(small_network(small_config()))
    with torch.no_grad():
        features = twin.spatial_features(volume(1))
        copy = features.clone()
        first, second = twin.embed_features(features, True), twin.embed_features(features, True)
    assert torch.equal(features, copy) and torch.equal(first, second)


def test_fused_and_plain_steps_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = folded(small_network(small_config()))
    fused = twin.encode_scans(SCANS, 2)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    torch.testing.assert_close(twin.encode_scans(SCANS, 2), fused, atol=1e-5, rtol=1e-5)
    assert any(isinstance(part, FoldedConvolution) for part in twin.modules())
