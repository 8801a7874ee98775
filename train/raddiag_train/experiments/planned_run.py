"""A training run that an experiment asks for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raddiag_engine.configuration import to_mapping
from raddiag_train.data.records import SPLITS, CaseRecord
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.data_config import DataConfig

_PLACES = ("cases", "cache", "workers", "preparation_workers")


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """A run, before it is made.

    Attributes:
        name: Of its folder; runs of one name are one run.
        config: All but where its cases are: they are written into its folder.
        records: Its cases, of all splits.
        pooled: The run is a scan-level classifier, judged with each of the supplement's poolings.
        start_sha256: Of the weights it starts from; empty for random ones.
        frozen_encoder: The encoder stays as it starts; fusion and classifier are learned on its embeddings.
    """

    name: str
    config: TrainingConfig
    records: tuple[CaseRecord, ...]
    pooled: bool = False
    start_sha256: str = ""
    frozen_encoder: bool = False

    @property
    def key(self) -> str:
        """SHA-256 of what decides the weights and the figures; not of where anything lies."""
        settings = _besides_defaults(to_mapping(self.config), to_mapping(TrainingConfig(DataConfig(("",)))))
        for place in _PLACES:
            settings.get("data", {}).pop(place, None)
        settings.get("optimisation", {}).pop("initial_model", None)
        parts = [settings, self.pooled, self.start_sha256, self.frozen_encoder]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
        for record in self.records:
            scans = [(str(scan.modality), str(scan.plane)) for scan in record.scans]
            digest.update(repr((record.split, record.source, record.case_id, record.disorders, scans)).encode())
        return digest.hexdigest()

    def counts(self) -> dict[str, int]:
        """Cases by split."""
        found = Counter(record.split for record in self.records)
        return {split: found[split] for split in SPLITS}


def _besides_defaults(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the defaults, so that a setting that is new in a later version changes no key."""
    kept: dict[str, Any] = {}
    for name, value in settings.items():
        default = defaults.get(name)
        if isinstance(value, Mapping) and isinstance(default, Mapping) and default:
            if inner := _besides_defaults(value, default):
                kept[name] = inner
        elif value != default:
            kept[name] = value
    return kept
