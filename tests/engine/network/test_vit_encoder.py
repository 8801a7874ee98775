"""Patches, cubes and their positions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from raddiag_engine.network.vit_encoder import PatchEmbedding
from tests.engine.network.small_networks import image, small_config, small_network, volume


def test_one_linear_layer_over_patches_is_a_strided_convolution() -> None:
    torch.manual_seed(0)
    embedding = PatchEmbedding((2, 4, 4), (2, 2, 3), 3, 5, mlp_layers=1)
    x_NCDHW = torch.rand(2, 3, 4, 8, 12)
    linear = embedding.mlp[0]
    kernel = linear.weight.unflatten(1, (3, 2, 4, 4))
    expected = F.conv3d(x_NCDHW, kernel, linear.bias, stride=(2, 4, 4)) + embedding.positions
    torch.testing.assert_close(embedding(x_NCDHW), expected, atol=1e-5, rtol=1e-5)


def test_two_and_four_mlp_layers_have_so_many_linear_layers() -> None:
    for layers in (2, 4):
        embedding = PatchEmbedding((4, 4), (2, 2), 1, 5, layers)
        assert sum(isinstance(part, torch.nn.Linear) for part in embedding.mlp) == layers


def test_images_and_volumes_have_positions_of_their_own_and_share_the_transformer() -> None:
    network = small_network(small_config("vit"))
    scans = {"image": image(1), "volume": volume(2)}
    before = {name: network.encode_scans([scan], 1) for name, scan in scans.items()}
    with torch.no_grad():
        network.encoder.patches_2d.positions.add_(torch.randn_like(network.encoder.patches_2d.positions))
    assert not torch.allclose(network.encode_scans([scans["image"]], 1), before["image"])
    torch.testing.assert_close(network.encode_scans([scans["volume"]], 1), before["volume"])
    with torch.no_grad():
        network.encoder.shared.norm.bias.add_(1)
    torch.testing.assert_close(network.encode_scans([scans["volume"]], 1), before["volume"] + 1)
