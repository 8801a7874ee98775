"""The released architecture's made-up weights and cases, from tests/engine/network/released."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.network.config import FusionConfig, HeadConfig, NetworkConfig
from raddiag_engine.network.released_names import our_name

FOLDER = Path(__file__).parents[1] / "tests" / "engine" / "network" / "released"
FILL = runpy.run_path(str(FOLDER / "fill.py"))

RELEASED = NetworkConfig(
    encoder="slice_attention",
    embedding_width=2048,
    input_channels=3,
    classes=5569,
    fusion=FusionConfig(layers=2, heads=4, modalities=16, block="released"),
    head=HeadConfig("mlp"),
)

# As the release stores a 2D image: its three planes, which are equal in a grey one.
GREY_XRAY = "grey X-ray"
CASES = {GREY_XRAY: "one X-ray", "xray_ct_ct": "3 + 32 + 20 slices", "xray": "3 unlike slices"}


def weights() -> dict[str, Tensor]:
    """The tensors that the forward pass uses, by released name."""
    shapes = json.loads((FOLDER / "state_dict_keys.json").read_text())
    return {name: torch.from_numpy(FILL["tensor"](name, shape)) for name, shape in shapes.items() if our_name(name)}


def scans(case: str) -> list[tuple[int, bool, Tensor]]:
    """Modality id, whether it is a volume, and voxels (slice, row, column) of each scan."""
    if case == GREY_XRAY:
        modality_id, _, first = scans("xray")[0]
        return [(modality_id, False, first[:1].repeat(3, 1, 1))]
    return [
        (modality_id, slices != 3, torch.from_numpy(FILL["voxels"]((modality_id, slices, seed))).movedim(2, 0))
        for modality_id, slices, seed in FILL["CASES"][case]
    ]


def golden_logits(case: str) -> np.ndarray | None:
    """What the published code gave, where it was run."""
    with np.load(FOLDER / "golden.npz") as golden:
        return golden.get(f"{case}/logits")
