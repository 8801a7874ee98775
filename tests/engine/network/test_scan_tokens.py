"""Several tokens a scan: what each one sees, and that nothing else of the network's contract changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from raddiag_engine.network.config import EncoderKind, FusionConfig
from raddiag_engine.network.folding import folded
from raddiag_engine.network.packing import pack
from raddiag_engine.network.scan_tokens import grid_tokens, slice_groups, token_grid
from tests.engine.network.small_networks import WIDTH, image, small_config, small_network, volume

ENCODERS: tuple[EncoderKind, ...] = ("resnet", "vit", "slice_attention")


def test_the_grid_is_as_square_as_the_number_allows() -> None:
    assert [token_grid(tokens) for tokens in (1, 2, 3, 4, 6, 9, 12)] == [
        (1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3), (3, 4)
    ]  # fmt: skip


def test_a_token_is_the_mean_of_its_cell() -> None:
    features = torch.rand(2, 3, 4, 6, generator=torch.manual_seed(0))
    tokens = grid_tokens(features, 4)
    quarters = [features[:, :, r : r + 2, c : c + 3].mean((2, 3)) for r in (0, 2) for c in (0, 3)]
    torch.testing.assert_close(tokens, torch.stack(quarters, 1))


def test_runs_of_slices_cover_a_stack_and_are_never_empty() -> None:
    mask = torch.arange(7) < torch.tensor([[7], [4], [2], [1]])
    groups = slice_groups(mask, 3)
    assert torch.equal(groups.any(1), mask)
    assert groups.any(2).all()
    assert groups[1, :, :4].int().tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert slice_groups(mask, 1)[:, 0].equal(mask)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_one_token_is_the_network_as_it_was(encoder: EncoderKind) -> None:
    assert "fusion.token_embeddings" not in small_network(small_config(encoder)).state_dict()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_tokens_of_a_scan_differ_and_lie_in_its_embedding(encoder: EncoderKind) -> None:
    network = small_network(replace(small_config(encoder), tokens_per_scan=4))
    # Large enough for a feature map of several cells; only slices can tell the tokens of a stack apart.
    scan = volume(0) if encoder == "slice_attention" else image(0, size=(96, 96))
    with torch.no_grad():
        [[scan_C]] = network.encode(pack([[scan]], network.config))
    tokens_TC = scan_C.unflatten(0, (4, WIDTH))
    assert scan_C.shape == (network.config.scan_embedding_width,)
    assert (tokens_TC[0] - tokens_TC[1:]).abs().amax(1).min() > 1e-4


def test_a_token_of_a_stack_sees_its_own_slices_alone() -> None:
    network = small_network(replace(small_config("slice_attention"), tokens_per_scan=2))
    scan = volume(0)
    changed = replace(scan, voxels=torch.cat([scan.voxels[:2], torch.rand(2, 32, 32)]))
    with torch.no_grad():
        before, after = (network.encode_scans([one], 8)[0].unflatten(0, (2, WIDTH)) for one in (scan, changed))
    torch.testing.assert_close(before[0], after[0])
    assert (before[1] - after[1]).abs().max() > 1e-4


@pytest.mark.parametrize("encoder", ENCODERS)
def test_order_and_padding_do_not_matter_but_the_place_in_the_scan_does(encoder: EncoderKind) -> None:
    network = small_network(replace(small_config(encoder), tokens_per_scan=4))
    scans = [image(1, size=(96, 96)), volume(2), image(3, modality_id=3)]
    with torch.no_grad():
        alone = network(pack([scans], network.config))
        turned = network(pack([scans[::-1]], network.config))
        padded = network(pack([scans, [*scans, image(4), image(5)]], network.config))[:1]
        batch = pack([scans], network.config)
        embeddings = network.encode(batch)
        swapped = embeddings.unflatten(2, (4, WIDTH)).flip(2).flatten(2)
        elsewhere = network.diagnose(swapped, batch.modality_ids_BS, batch.mask_BS)
    torch.testing.assert_close(turned, alone, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(padded, alone, atol=1e-5, rtol=1e-4)
    assert (elsewhere - alone).abs().max() > 1e-4


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("scan", [image(1), volume(2)], ids=["image", "volume"])
def test_every_way_to_an_embedding_gives_the_same(encoder: EncoderKind, scan) -> None:
    network = small_network(replace(small_config(encoder), tokens_per_scan=4))
    with torch.no_grad():
        packed = network.encode(pack([[scan]], network.config))[0]
        torch.testing.assert_close(network.encode_scans([scan], 2), packed, atol=1e-5, rtol=1e-4)
        features = network.spatial_features(scan)
        torch.testing.assert_close(network.embed_features(features, scan.is_volume), packed, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(folded(network).encode_scans([scan], 2), packed, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_gradients_reach_every_parameter(encoder: EncoderKind) -> None:
    network = small_network(replace(small_config(encoder), tokens_per_scan=4))
    network(pack([[image(1), volume(2)], [volume(3)]], network.config)).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_pooled_predictions_take_one_token() -> None:
    with pytest.raises(ValueError, match="tokens_per_scan"):
        replace(small_config(fusion=FusionConfig("max")), tokens_per_scan=2)
