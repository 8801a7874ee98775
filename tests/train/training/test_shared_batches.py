"""Shares of a batch: together they are the batch, and what chance does to a scan is the same in a share and in all."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from raddiag_engine.network.config import NetworkConfig, SliceAttentionConfig
from raddiag_engine.network.packing import NetworkScan, PackedBatch, Share, pack
from raddiag_train.data.augmentation import augment
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.mixup import mixup_images
from raddiag_train.training.activation_checkpointing import checkpoint_activations
from raddiag_train.training.initialisation import build_network
from raddiag_train.training.synchronised_norm import synchronise_norms

ALWAYS = AugmentationConfig(
    affine_probability=0.7, elastic_probability=0.5, noise_probability=0.5, contrast_probability=0.5,
    intensity_probability=0.5, flip_probability=0.5, erase_probability=0.5, border_probability=0.3,
)  # fmt: skip
SMALL = NetworkConfig(embedding_width=32)


def cases(config: NetworkConfig = SMALL) -> list[list[NetworkScan]]:
    """Five cases of one image each, and one of an image and a volume: the only one."""
    generator = torch.Generator().manual_seed(3)
    images = [[NetworkScan(torch.rand(64, 48, generator=generator), False, 1)] for _ in range(6)]
    images[4].append(NetworkScan(torch.rand(8, 64, 48, generator=generator), True, 2))
    return images


def by_slot(batch: PackedBatch) -> dict[int, Tensor]:
    """Voxels by place in the grid; those of a stack one slice after the other."""
    found: dict[int, Tensor] = {}
    for group in batch.groups:
        for row, slot in enumerate(group.slots_N.tolist()):
            index = group.slice_index_NL
            found[slot] = group.voxels[row] if index is None else group.voxels[index[row][index[row] >= 0]]
    return found


@pytest.mark.parametrize("shares", [2, 3, 4])
@pytest.mark.parametrize("encoder", ["resnet", "slice_attention"])
def test_a_scan_is_changed_alike_in_a_share_and_in_the_whole_batch(encoder: str, shares: int) -> None:
    config = replace(SMALL, encoder=encoder, slice_attention=SliceAttentionConfig(width=4, blocks=(1, 1, 1, 1)))
    whole = pack(cases(), config)
    expected = by_slot(augment(whole, ALWAYS, torch.Generator().manual_seed(1)))
    found: dict[int, Tensor] = {}
    for number in range(shares):
        part = pack(cases(), config, Share(number, shares))
        assert torch.equal(part.mask_BS, whole.mask_BS) and torch.equal(part.modality_ids_BS, whole.modality_ids_BS)
        assert [group.kind for group in part.groups] == [group.kind for group in whole.groups]
        own = by_slot(augment(part, ALWAYS, torch.Generator().manual_seed(1)))
        assert not own.keys() & found.keys()
        assert len(own) <= -(-len(expected) // shares) + 1
        found |= own
    assert found.keys() == expected.keys()
    for slot, voxels in expected.items():
        torch.testing.assert_close(found[slot], voxels, rtol=0, atol=1e-6)


def test_images_are_mixed_across_shares() -> None:
    labels = torch.eye(6)
    whole, targets = mixup_images(pack(cases(), SMALL), labels, 0.4, torch.Generator().manual_seed(1))
    parts = [pack(cases(), SMALL, Share(number, 2)) for number in (0, 1)]
    images = torch.zeros(6, 1, 64, 48)
    for part in parts:
        assert part.groups[0].rows is not None
        images[part.groups[0].rows.rows_N] = part.groups[0].voxels
    expected = by_slot(whole)
    for part in parts:
        mixed, own_targets = mixup_images(
            part, labels, 0.4, torch.Generator().manual_seed(1), lambda own: images.clone()
        )
        assert torch.equal(own_targets, targets)
        assert all(torch.equal(voxels, expected[slot]) for slot, voxels in by_slot(mixed).items())


def test_an_encoder_takes_a_group_without_a_scan() -> None:
    for encoder in ("resnet", "vit", "slice_attention"):
        vit = replace(SMALL.vit, patch_px=8, cube_px=8, layers=1, image_size_px=64, volume_size_px=64)
        config = replace(
            SMALL, encoder=encoder, vit=vit, slice_attention=SliceAttentionConfig(width=4, blocks=(1, 1, 1, 1))
        )
        network = build_network(config, 3, torch.device("cpu"))
        synchronise_norms(network, lambda own: own + torch.ones_like(own))  # as if there were others
        embedded = network.train().encode(pack(cases()[4:5], config, Share(2, 3)))
        embedded.sum().backward()
        assert embedded.isfinite().all()
        assert all(p.grad is None or not p.grad.any() for p in network.encoder.parameters()), (
            "of no scan, nothing is learned"
        )


def test_synchronised_norm_is_batch_norm_where_there_is_one_process() -> None:
    x = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    plain, synchronised = (nn.Sequential(nn.BatchNorm2d(3)) for _ in range(2))
    synchronise_norms(synchronised, lambda own: own)
    for network in (plain, synchronised):
        with torch.no_grad():
            network[0].weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
    gradients, outputs = [], []
    for network in (plain, synchronised):
        inputs = x.clone().requires_grad_()
        outputs.append(network(inputs))
        (outputs[-1] ** 3).sum().backward()
        gradients += [inputs.grad, network[0].weight.grad, network[0].bias.grad]
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(gradients[3:], gradients[:3], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-3)
    states = plain.state_dict(), synchronised.state_dict()
    assert states[0].keys() == states[1].keys()
    for name in states[0]:
        torch.testing.assert_close(states[1][name], states[0][name], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(synchronised.eval()(x), plain.eval()(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encoder", ["resnet", "vit", "slice_attention"])
def test_gradient_checkpointing_gives_the_same_gradients_and_statistics(encoder: str) -> None:
    vit = replace(SMALL.vit, patch_px=8, cube_px=8, layers=2, image_size_px=64, volume_size_px=64)
    resnet = replace(SMALL.resnet, normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4)
    stack = SliceAttentionConfig(width=4, blocks=(1, 1, 1, 1))
    config = replace(SMALL, encoder=encoder, vit=vit, resnet=resnet, slice_attention=stack)
    batch, kept = pack(cases(), config), []

    def note(tensor: Tensor) -> Tensor:
        kept[-1] += tensor.numel()
        return tensor

    networks = []
    for checkpointed in (False, True):
        torch.manual_seed(0)
        network = build_network(config, 3, torch.device("cpu")).train()
        if checkpointed:
            checkpoint_activations(network.encoder)
        kept.append(0)
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = network(batch).square().sum()
        loss.backward()
        networks.append(network)
    plain, checkpointed_network = networks
    assert kept[1] < 0.7 * kept[0]
    for (name, expected), found in zip(plain.named_parameters(), checkpointed_network.parameters(), strict=True):
        assert (expected.grad is None) == (found.grad is None), name
        if expected.grad is not None:
            assert torch.equal(expected.grad, found.grad), name
    ours, theirs = checkpointed_network.state_dict(), plain.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
