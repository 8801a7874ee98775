"""Which pre-training run it is, by a digest of all that decides its weights; and what each part was computed with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import torch

from raddiag_engine.configuration import to_mapping
from raddiag_engine.diagnosis.device import Placement
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.pretraining_config import PretrainingConfig
from raddiag_train.training.checkpoint import RunState
from raddiag_train.training.distributed import Processes
from raddiag_train.training.environment import surroundings
from raddiag_train.training.precision import Precision, autocast


def run_key(config: PretrainingConfig, pairs: Sequence[KnowledgePair]) -> str:
    """SHA-256 of everything that decides the weights: pairs and settings, but no path of the pairs, nor the logging."""
    settings = to_mapping(replace(config, pairs="", log_steps=1, checkpoint_steps=1, kept_checkpoints=1, device="auto"))
    return _digest(json.dumps(settings, sort_keys=True).encode(), pairs)


def precision_on(device: torch.device) -> Precision:
    """float32 on a CPU, where a small encoder gains nothing; what the chip has elsewhere."""
    return "fp32" if device.type == "cpu" else "auto"


def part_of_pretraining(
    config: PretrainingConfig,
    pairs: Sequence[KnowledgePair],
    state: RunState,
    placement: Placement,
    processes: Processes,
) -> dict[str, Any]:
    """What decides the numbers of this part of the run besides its settings, for environment.json."""
    precision = "bfloat16" if autocast(placement.device, precision_on(placement.device))._enabled else "float32"
    return {
        "first_step": state.step,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": config.seed,
        "data_sha256": _digest(b"", pairs),
        "run_sha256": state.run_key,
        "pairs": len(pairs),
        "sources": sorted({pair.source for pair in pairs}),
        **surroundings(placement.description, precision, processes.count),
    }


def _digest(first: bytes, pairs: Sequence[KnowledgePair]) -> str:
    digest = hashlib.sha256(first)
    for pair in pairs:
        digest.update(repr(pair).encode())
    return digest.hexdigest()
