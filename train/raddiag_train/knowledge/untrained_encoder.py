"""The small encoder before any training, the same on every machine: what shared words and letters alone can do."""

from __future__ import annotations

import torch

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder

SEED = 0


def untrained_encoder() -> HashedEncoder:
    """Random vectors of a fixed seed; a feature counts the more, the fewer names in ICD-10-CM have it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        encoder = HashedEncoder()
    table = icd10cm()
    encoder.prepare([name for code in table.categories() for name in table[code].names])
    return encoder.eval()
