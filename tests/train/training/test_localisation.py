"""The localisation loss against its definition, and what it does to a network."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, PackedBatch, pack
from raddiag_train.data.lesion_batches import GroupLesions, MaskedScans
from raddiag_train.training.localisation import localisation_loss, log_share_inside, share_in_lesion

CONFIG = NetworkConfig(
    embedding_width=16,
    classes=3,
    resnet=ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4),
    fusion=FusionConfig(layers=1, heads=2),
)


def test_the_share_inside_is_that_of_the_softmax_of_the_class_activation_map() -> None:
    generator = np.random.default_rng(0)
    features, gradient = generator.random((2, 5, 3, 4)), generator.normal(size=(2, 5, 3, 4))
    inside = np.zeros((2, 12))
    inside[0, 3:5], inside[1, 7] = (1.0, 0.25), 1.0
    expected = []
    for n in range(2):
        weights = gradient[n].sum((1, 2))
        weights /= np.sqrt((weights**2).sum())
        heat = sum(weights[c] * features[n, c] for c in range(5)).ravel()
        expected.append(math.log((np.exp(heat) * inside[n]).sum() / np.exp(heat).sum()))
    found = log_share_inside(torch.tensor(features), torch.tensor(gradient), torch.tensor(inside))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)
    same = log_share_inside(torch.tensor(features), 100 * torch.tensor(gradient), torch.tensor(inside))
    np.testing.assert_allclose(same.numpy(), expected, rtol=1e-5)


def batch() -> PackedBatch:
    """A volume with an image, and an image."""
    torch.manual_seed(0)
    volume = NetworkScan(torch.rand(4, 32, 32), True, 1)
    return pack(
        [[volume, NetworkScan(torch.rand(32, 32), False, 2)], [NetworkScan(torch.rand(32, 32), False, 2)]], CONFIG
    )


def masked(scans: PackedBatch, lesions: list[GroupLesions | None]) -> MaskedScans:
    slots, classes = [], []
    for group, of_group in zip(scans.groups, lesions, strict=True):
        if of_group is not None:
            for row, row_classes in zip(of_group.rows_R, of_group.classes_RM, strict=True):
                slots += [int(group.slots_N[row])] * len(row_classes)
                classes += row_classes.tolist()
    return MaskedScans(torch.tensor(slots, dtype=torch.long), torch.tensor(classes, dtype=torch.long))


def lesion_in(row: int, class_index: int, where: tuple[slice, ...], shape: tuple[int, ...]) -> GroupLesions:
    lesion_map = torch.zeros(1, *shape, dtype=torch.uint8)
    lesion_map[(0, *where)] = 1
    return GroupLesions(torch.tensor([row]), lesion_map, torch.tensor([[class_index]]))


def test_it_asks_only_scans_that_show_a_lesion_and_are_in_use() -> None:
    network, scans = RadDiag(CONFIG).eval(), batch()
    kinds = [group.kind for group in scans.groups]
    of_volume = lesion_in(0, 1, (slice(1, 2), slice(0, 16), slice(0, 16)), (4, 32, 32))
    lesions = [of_volume if kind == "volumes" else None for kind in kinds]

    def loss(scans: PackedBatch, lesions: list[GroupLesions | None], volume_factor: float = 1.0) -> torch.Tensor:
        embeddings, features = network.encode_with_features(scans)
        assert torch.equal(embeddings, network.encode(scans))
        logits = network.diagnose(embeddings, scans.modality_ids_BS, scans.mask_BS)
        return localisation_loss(
            logits, features, scans, lesions, masked(scans, lesions), torch.Generator().manual_seed(0), volume_factor
        )

    found = loss(scans, lesions)
    assert found > 0
    torch.testing.assert_close(loss(scans, lesions, volume_factor=2.5), 2.5 * found)
    images = [
        lesion_in(0, 1, (slice(0, 1), slice(0, 16), slice(0, 16)), (1, 32, 32)) if k == "images" else None
        for k in kinds
    ]
    torch.testing.assert_close(loss(scans, images, volume_factor=2.5), loss(scans, images))
    found.backward()
    assert network.encoder.normalisation_3d.conv1.weight.grad.abs().sum() > 0
    # First order: the weights of the map are constants, so nothing behind the features is pushed.
    assert all(parameter.grad is None for parameter in network.head.parameters())

    assert loss(scans, [None] * len(kinds)) == 0
    dropped = PackedBatch(scans.groups, scans.modality_ids_BS, torch.tensor([[False, True], [True, False]]))
    assert loss(dropped, lesions) == 0


def test_a_cell_counts_if_a_map_that_peaks_there_has_its_peak_in_the_lesion() -> None:
    lesions = lesion_in(0, 5, (slice(2, 5), slice(5, 10), slice(7, 15)), (8, 16, 16))
    found = share_in_lesion(lesions, torch.tensor([5]), torch.Size((4, 4, 4)))[0].view(4, 4, 4)
    for cell in itertools.product((1, 2), repeat=3):  # at the edge a map goes on as it is
        peaked = torch.zeros(4, 4, 4)
        peaked[cell] = 1.0
        fine = F.interpolate(peaked[None, None], size=(8, 16, 16), mode="trilinear", align_corners=False)[0, 0]
        peaks = fine >= fine.max() - 1e-6
        assert peaks.sum() == 8
        assert found[cell] == pytest.approx(float(lesions.maps_RDHW[0][peaks].float().mean()), abs=1e-6)
    assert set(found.flatten().tolist()) >= {0.0, 0.5, 1.0}


def test_a_lesion_between_the_centres_counts_where_it_fills_most_of_a_cell() -> None:
    lesions = lesion_in(0, 5, (slice(0, 1), slice(6, 9), slice(0, 1)), (1, 16, 16))
    found = share_in_lesion(lesions, torch.tensor([5]), torch.Size((4, 4)))[0].view(4, 4)
    expected = torch.zeros(4, 4)
    expected[1, 0], expected[2, 0] = 1.0, 0.5
    assert torch.allclose(found, expected)
    assert not share_in_lesion(lesions, torch.tensor([4]), torch.Size((4, 4))).any()


def test_it_moves_the_map_into_the_lesion() -> None:
    network, scans = RadDiag(CONFIG).eval(), batch()
    where = (slice(2, 3), slice(16, 24), slice(8, 16))
    lesions = [lesion_in(0, 1, where, (4, 32, 32)) if group.kind == "volumes" else None for group in scans.groups]
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        embeddings, features = network.encode_with_features(scans)
        logits = network.diagnose(embeddings, scans.modality_ids_BS, scans.mask_BS)
        loss = localisation_loss(
            logits, features, scans, lesions, masked(scans, lesions), torch.Generator().manual_seed(0)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert min(losses) < 0.3 * losses[0]


def test_of_two_disorders_each_is_asked_for_sometimes() -> None:
    network, scans = RadDiag(CONFIG).eval(), batch()
    both = torch.zeros(1, 4, 32, 32, dtype=torch.uint8)
    both[0, 0, :16], both[0, 3, 16:] = 1, 2
    lesions = [
        GroupLesions(torch.tensor([0]), both, torch.tensor([[2, 0]])) if group.kind == "volumes" else None
        for group in scans.groups
    ]
    embeddings, features = network.encode_with_features(scans)
    logits = network.diagnose(embeddings, scans.modality_ids_BS, scans.mask_BS)
    seen = {
        round(
            float(
                localisation_loss(
                    logits, features, scans, lesions, masked(scans, lesions), torch.Generator().manual_seed(seed)
                )
            ),
            4,
        )
        for seed in range(12)
    }
    assert len(seen) == 2


def test_the_slice_attention_encoder_says_that_it_has_no_such_maps() -> None:
    from raddiag_engine.errors import ModelError
    from raddiag_engine.network.config import SliceAttentionConfig

    config = NetworkConfig(
        encoder="slice_attention", embedding_width=128, classes=3, input_channels=3,
        slice_attention=SliceAttentionConfig(width=4, blocks=(1, 1, 1, 1), max_slices=4),
    )  # fmt: skip
    scans = pack([[NetworkScan(torch.rand(2, 32, 32), True, 1)]], config)
    with pytest.raises(ModelError, match="no feature maps"):
        RadDiag(config).encode_with_features(scans)
