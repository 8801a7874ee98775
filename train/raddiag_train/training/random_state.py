"""Random draws that depend on the seed and the step alone, so that a resumed run makes the same ones."""

from __future__ import annotations

import numpy as np
import torch


def seed_step(seed: int, step: int) -> torch.Generator:
    """Seed everything that a step draws from.

    Args:
        seed: Of the run.
        step: Counted from 0.

    Returns:
        The generator, on the CPU, of augmentation, mixing and dropped scans and modalities. Torch's own generators,
        which dropout layers draw from, are seeded apart from it.
    """
    layers, inputs = np.random.SeedSequence([seed, step]).generate_state(2, np.uint64)
    torch.manual_seed(int(layers >> 1))
    return torch.Generator().manual_seed(int(inputs >> 1))
