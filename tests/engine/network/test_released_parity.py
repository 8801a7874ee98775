"""The released architecture, on made-up weights, against what the published code computed from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from raddiag_engine.network.config import FusionConfig, HeadConfig, NetworkConfig
from raddiag_engine.network.folding import folded
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_engine.network.released_names import our_name
from tests.engine.network.released import fill

FOLDER = Path(__file__).parent / "released"
TOLERANCE = 2e-5
CONFIG = NetworkConfig(
    encoder="slice_attention",
    embedding_width=2048,
    input_channels=3,
    classes=5569,
    fusion=FusionConfig(layers=2, heads=4, modalities=16, block="released"),
    head=HeadConfig("mlp"),
)


def released_shapes() -> dict[str, list[int]]:
    return json.loads((FOLDER / "state_dict_keys.json").read_text())


@pytest.fixture(scope="session")
def released_network() -> RadDiag:
    with torch.device("meta"):
        network = RadDiag(CONFIG)
    renamed = {our_name(name): (name, shape) for name, shape in released_shapes().items()}
    weights = {ours: torch.from_numpy(fill.tensor(*released)) for ours, released in renamed.items() if ours}
    network.load_state_dict(weights, strict=True, assign=True)
    return network.eval()


@pytest.fixture(scope="session")
def golden() -> dict[str, np.ndarray]:
    with np.load(FOLDER / "golden.npz") as arrays:
        return dict(arrays)


def scans_of(case: str) -> list[NetworkScan]:
    return [
        NetworkScan(torch.from_numpy(fill.voxels(scan)).movedim(2, 0), scan[1] != 3, scan[0])
        for scan in fill.CASES[case]
    ]


def test_every_released_tensor_is_used_once_or_known_to_be_unused() -> None:
    names = [our_name(name) for name in released_shapes()]
    used = [name for name in names if name is not None]
    with torch.device("meta"):
        expected = RadDiag(CONFIG).state_dict()
    assert len(used) == len(set(used)) and set(used) == set(expected)
    assert len(names) - len(used) == 64  # fc, per transformer 12 + 16 duplicates, and the first norms


@pytest.mark.parametrize("case", ["xray", "xray_ct_ct"])
def test_embeddings_and_logits_agree_with_the_published_code(
    case: str, released_network: RadDiag, golden: dict[str, np.ndarray]
) -> None:
    scans = scans_of(case)
    batch = pack([scans], CONFIG)
    with torch.no_grad():
        embeddings_SC = folded(released_network).encode_scans(scans, 8)
        fused_BC = released_network.fuse(embeddings_SC[None], batch.modality_ids_BS, batch.mask_BS)
        logits_BK = released_network.classify(fused_BC)
    np.testing.assert_allclose(embeddings_SC, golden[f"{case}/scan_embeddings"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(fused_BC[0], golden[f"{case}/fused"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(logits_BK[0], golden[f"{case}/logits"], rtol=0, atol=TOLERANCE)


def test_the_unfolded_network_and_its_slice_attention_agree_with_the_published_code(
    released_network: RadDiag, golden: dict[str, np.ndarray]
) -> None:
    batch = pack([scans_of("xray")], CONFIG)
    with torch.no_grad():
        logits_BK = released_network(batch)
        attention_SL = F.pad(released_network.encoder.attend(batch.groups[0]), (0, fill.DEPTH - 3))
    np.testing.assert_allclose(logits_BK[0], golden["xray/logits"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(attention_SL, golden["xray/slice_attention"], rtol=0, atol=TOLERANCE)


def test_slice_attention_of_every_scan_agrees_with_the_published_code(
    released_network: RadDiag, golden: dict[str, np.ndarray]
) -> None:
    group = pack([scans_of("xray_ct_ct")], CONFIG).groups[0]
    with torch.no_grad():
        attention_SL = folded(released_network).encoder.attend(group, chunk=8)
    np.testing.assert_allclose(attention_SL, golden["xray_ct_ct/slice_attention"], rtol=0, atol=TOLERANCE)
