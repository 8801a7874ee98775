"""The folder of a run: config.toml, environment.json, metrics.jsonl, checkpoints/ and model/."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import write_text
from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import ConfigError, ModelError
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.config import TrainingConfig, read_config
from raddiag_train.training.toml_writer import to_toml

CHECKPOINTS, MODEL, CONFIG = "checkpoints", "model", "config.toml"


def refuse_other_run(folder: Path, resume: bool) -> None:
    """Keep a run from being overwritten.

    Raises:
        ConfigError: The folder holds a run already, and `resume` was not asked for.
    """
    if not resume and (checkpoints(folder / CHECKPOINTS) or (folder / MODEL).exists()):
        raise ConfigError(f"{folder}: holds a run already; go on with --resume, or name another --output")


def refuse_changes(folder: Path, config: TrainingConfig) -> None:
    """Keep a run from being gone on with under settings that make it another one.

    Raises:
        ModelError: The run in the folder has another architecture, or other settings; says which.
    """
    try:
        there = _flat(_deciding(read_config(folder / CONFIG)))
    except ConfigError:
        return  # lost or damaged: the checkpoint's digest decides
    here = _flat(_deciding(config))
    changed = [name for name in here if here[name] != there.get(name)]
    if changed:
        kind = "of another architecture" if changed[0].startswith("network.") else "from a run with other settings"
        words = f"{changed[0]} is {there.get(changed[0])} there and {here[changed[0]]} here"
        more = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ModelError(
            f"{folder / CHECKPOINTS}: {kind} ({words}{more}); restore it, or start anew with another --output"
        )


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
    text = json.dumps([data_key, *_deciding(config).values()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _deciding(config: TrainingConfig) -> dict[str, Any]:
    """The settings that decide the weights, as plain data; the number of classes follows from the data."""
    parts = {
        "network": config.network,
        "preparation": config.preparation,
        "augmentation": config.augmentation,
        "optimisation": config.optimisation,
    }
    plain: dict[str, Any] = {name: to_mapping(part) for name, part in parts.items()}
    plain["network"].pop("classes")
    return {**plain, "data.source_weights": config.data.source_weights, "run.seed": config.run.seed}


def _flat(table: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Dotted name -> value."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{where}{name}.") if isinstance(value, Mapping) else {f"{where}{name}": value}
    return flat


def _stored(config: TrainingConfig) -> dict[str, object]:
    """The configuration as `read_config` takes it: the number of classes follows from the data."""
    data = to_mapping(config)
    del data["network"]["classes"]
    return dict(data)
