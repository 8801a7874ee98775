"""The folder of a run: config.toml, metrics.jsonl, checkpoints/ and model/."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from raddiag_engine.atomic import write_text
from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.toml_writer import to_toml

CHECKPOINTS, METRICS, MODEL, CONFIG = "checkpoints", "metrics.jsonl", "model", "config.toml"


def refuse_other_run(folder: Path, resume: bool) -> None:
    """Keep a run from being overwritten.

    Raises:
        ConfigError: The folder holds a run already, and `resume` was not asked for.
    """
    if not resume and (checkpoints(folder / CHECKPOINTS) or (folder / MODEL).exists()):
        raise ConfigError(f"{folder}: holds a run already; go on with --resume, or name another --output")


def write_config(folder: Path, config: TrainingConfig) -> None:
    """Make the folder and write the configuration that is used, command line assignments included.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        write_text(folder / CONFIG, to_toml(_stored(config)))
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another --output") from error


def run_key(config: TrainingConfig, data_key: str) -> str:
    """SHA-256 of everything that decides the weights: the data, the seed and the settings, but no path."""
    parts = (config.network, config.preparation, config.augmentation, config.optimisation, config.data.source_weights)
    text = json.dumps([data_key, config.run.seed, *map(to_mapping, parts)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(config: TrainingConfig) -> dict[str, object]:
    """The configuration as `read_config` takes it: the number of classes follows from the data."""
    data = to_mapping(config)
    del data["network"]["classes"]
    return dict(data)
