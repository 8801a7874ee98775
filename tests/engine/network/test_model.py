"""The whole network: shapes, masks, order, batches and gradients, for every kind of part."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
import torch
from torch import Tensor

from raddiag_engine.errors import CaseError, ModelError
from raddiag_engine.network.config import EncoderKind, FusionConfig, FusionKind, HeadConfig, HeadKind, NetworkConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from tests.engine.network.small_networks import CLASSES, TEXT_WIDTH, WIDTH, image, small_config, small_network, volume

ENCODERS: tuple[EncoderKind, ...] = get_args(EncoderKind)
POOLINGS: tuple[FusionKind, ...] = ("random", "max", "mean")
CASES = [[image(1), volume(2), image(3)], [volume(4)], [image(5, size=(64, 32)), volume(6)]]


def logits(network: RadDiag, cases: list[list[NetworkScan]]) -> Tensor:
    with torch.no_grad():
        return network(pack(cases, network.config))


@pytest.mark.parametrize(
    ("encoder", "fusion", "head"), list(itertools.product(ENCODERS, get_args(FusionKind), get_args(HeadKind)))
)
def test_every_combination_gives_a_row_of_logits_per_case(
    encoder: EncoderKind, fusion: FusionKind, head: HeadKind
) -> None:
    config = small_config(
        encoder, FusionConfig(fusion, layers=2, heads=4, modalities=4), HeadConfig(head, text_width=TEXT_WIDTH)
    )
    result = logits(small_network(config), CASES)
    assert result.shape == (len(CASES), CLASSES)
    assert result.isfinite().all()


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("block", ["pre_norm", "released"])
def test_a_batch_equals_its_cases_one_by_one(encoder: EncoderKind, block: str) -> None:
    fusion = FusionConfig(layers=2, heads=4, modalities=4, block=block)  # type: ignore[arg-type]
    network = small_network(small_config(encoder, fusion))
    together = logits(network, CASES)
    alone = torch.cat([logits(network, [case]) for case in CASES])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert (together[0] - together[1]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["transformer", "max", "mean"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_order_of_the_scans_does_not_matter(encoder: EncoderKind, kind: FusionKind) -> None:
    network = small_network(small_config(encoder, FusionConfig(kind, layers=2, heads=4, modalities=4)))
    case = CASES[0]
    torch.testing.assert_close(logits(network, [case]), logits(network, [case[::-1]]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["transformer", "random", "max", "mean"])
def test_what_lies_in_a_masked_slot_does_not_matter(kind: FusionKind) -> None:
    network = small_network(small_config(fusion=FusionConfig(kind, layers=2, heads=4, modalities=4)))
    embeddings_BSC = torch.randn(2, 3, WIDTH)
    modality_ids_BS = torch.tensor([[1, 2, 3], [1, 0, 0]])
    mask_BS = torch.tensor([[True, True, False], [True, False, False]])
    garbage_BSC = torch.where(mask_BS[..., None], embeddings_BSC, torch.full_like(embeddings_BSC, 1e4))
    results = []
    for tokens_BSC in (embeddings_BSC, garbage_BSC):
        torch.manual_seed(0)
        results.append(network.diagnose(tokens_BSC, modality_ids_BS, mask_BS))
    torch.testing.assert_close(*results)
    everything = network.diagnose(garbage_BSC, modality_ids_BS, torch.ones_like(mask_BS))
    if kind != "random":
        assert (everything - results[0]).abs().max() > 1e-3


def test_the_modality_matters_to_the_transformer() -> None:
    network = small_network(small_config())
    known, unknown = image(1, modality_id=1), image(1, modality_id=3)
    assert (logits(network, [[known]]) - logits(network, [[unknown]])).abs().max() > 1e-4


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("head", get_args(HeadKind))
@pytest.mark.parametrize("block", ["pre_norm", "released"])
def test_gradients_reach_every_parameter(encoder: EncoderKind, head: HeadKind, block: str) -> None:
    fusion = FusionConfig(layers=2, heads=4, modalities=4, block=block)  # type: ignore[arg-type]
    config = small_config(encoder, fusion, HeadConfig(head, text_width=TEXT_WIDTH, similarity="cosine"))
    network = small_network(config).train()
    scans = [image(1, 0), image(2, 1), volume(3, 2), volume(4, 3)]
    loss = (network(pack([scans, scans[:2]], config)) * torch.randn(2, CLASSES)).sum()
    loss.backward()
    missed = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A key's bias shifts all scores of a query alike, which softmax ignores: its gradient is zero by algebra.
    assert [name for name in missed if not name.endswith("attention.key.bias")] == []


@pytest.mark.parametrize("kind", POOLINGS)
def test_gradients_pass_through_the_pooling_of_predictions(kind: FusionKind) -> None:
    network = small_network(small_config(fusion=FusionConfig(kind)))
    network(pack([CASES[0]], network.config)).sum().backward()
    assert network.encoder.shared.layer1[0].conv1.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunked_encoding_equals_packed_encoding(encoder: EncoderKind, chunk: int) -> None:
    network = small_network(small_config(encoder))
    scans = [image(1), volume(2), image(3), image(4, size=(64, 32)), volume(5), volume(6, slices=6), image(7)]
    seen: list[tuple[int, int]] = []
    embeddings_NC = network.encode_scans(scans, chunk, lambda done, total: seen.append((done, total)))
    with torch.no_grad():
        packed_BSC = network.encode(pack([scans], network.config))
    torch.testing.assert_close(embeddings_NC, packed_BSC[0], atol=1e-5, rtol=1e-5)
    assert seen[-1] == (len(scans), len(scans))
    # One scan at a time, or all of one kind and size together.
    assert chunk != 1 or len(seen) == len(scans)
    assert chunk != 100 or len(seen) == len(pack([scans], network.config).groups)


def test_an_exception_from_progress_stops_the_encoding() -> None:
    network = small_network(small_config())
    calls = []

    def cancel(done: int, total: int) -> None:
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        network.encode_scans([image(1), image(2)], 1, cancel)
    assert calls == [1]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("scan", [image(1), volume(2)], ids=["image", "volume"])
def test_spatial_features_then_embed_features_is_encode(encoder: EncoderKind, scan: NetworkScan) -> None:
    network = small_network(small_config(encoder))
    with torch.no_grad():
        features = network.spatial_features(scan)
        embedding_1C = network.embed_features(features, scan.is_volume)
        packed_BSC = network.encode(pack([[scan]], network.config))
    assert features.ndim == (5 if scan.is_volume else 4)
    torch.testing.assert_close(embedding_1C, packed_BSC[0], atol=1e-5, rtol=1e-5)


def test_the_features_of_a_volume_still_have_depth() -> None:
    depths = {
        encoder: small_network(small_config(encoder)).spatial_features(volume(1)).shape[2:] for encoder in ENCODERS
    }
    # 4 slices: the ResNet's third stage halves depth; cubes are 2 slices; slice attention keeps every slice.
    assert depths == {"resnet": (2, 4, 4), "vit": (2, 4, 4), "slice_attention": (4, 1, 1)}


def test_the_scans_of_a_packed_batch_lie_in_their_slots() -> None:
    network = small_network(small_config())
    batch = pack([[image(1), volume(2)], [image(3)]], network.config)
    assert batch.mask_BS.tolist() == [[True, True], [True, False]]
    assert batch.modality_ids_BS.tolist() == [[1, 2], [1, 0]]
    assert {group.kind: group.slots_N.tolist() for group in batch.groups} == {"images": [0, 2], "volumes": [1]}
    with torch.no_grad():
        assert network.encode(batch)[1, 1].abs().max() == 0


@pytest.mark.parametrize(
    ("encoder", "scan", "message"),
    [
        ("resnet", NetworkScan(torch.rand(4, 32, 32), False, 1), "takes \\(row, column\\)"),
        ("vit", NetworkScan(torch.rand(30, 32), False, 1), "cannot be cut into patches"),
        ("slice_attention", NetworkScan(torch.rand(7, 32, 32), True, 1), "1 to 6 slices"),
        ("resnet", image(1, modality_id=4), "modality id 4"),
    ],
)
def test_a_scan_that_the_network_cannot_take_is_refused(encoder: EncoderKind, scan: NetworkScan, message: str) -> None:
    network = small_network(small_config(encoder))
    with pytest.raises(ModelError, match=message):
        network(pack([[scan]], network.config))


def test_a_case_without_scans_is_refused() -> None:
    with pytest.raises(CaseError, match="without a usable scan"):
        pack([[image(1)], []], small_config())


def test_pooling_has_no_case_embedding() -> None:
    network = small_network(small_config(fusion=FusionConfig("mean")))
    with pytest.raises(ModelError, match="no case embedding"):
        network.fuse(torch.zeros(1, 1, WIDTH), torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool))


def test_the_paper_s_network_has_the_size_that_its_parts_add_up_to() -> None:
    with torch.device("meta"):
        network = RadDiag(NetworkConfig(classes=1))
    megabytes = 4 * sum(p.numel() for p in network.parameters()) / 1e6
    assert megabytes == pytest.approx(298, abs=2)  # facts/methods.md: ResNet-18 + ResNet-18 + 6 layers at 512
