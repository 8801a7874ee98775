"""The configuration of a training run, read from a TOML recipe."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raddiag_engine.configuration import from_mapping, with_overrides
from raddiag_engine.errors import ConfigError
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.training.card_config import CardConfig
from raddiag_train.training.data_config import DataConfig
from raddiag_train.training.knowledge_config import KnowledgeConfig
from raddiag_train.training.optimisation_config import OptimisationConfig


@dataclass(frozen=True)
class RunConfig:
    """How a run is seeded, watched, saved and kept in memory; but for the seed, what a resumed run may change.

    Attributes:
        seed: Of every random draw.
        log_steps: Steps between two lines of metrics.jsonl.
        validation_steps: Steps between two validations; 0 means after each epoch.
        checkpoint_steps: Steps between two checkpoints.
        kept_checkpoints: Newest checkpoints that are kept.
        gradient_checkpointing: Compute the inside of the encoder's blocks again on the way back, in place of keeping
            it: less memory, about a third more time, the same gradients.
        tensorboard: Write the figures of metrics.jsonl for TensorBoard too, which must be installed.
    """

    seed: int = 0
    log_steps: int = 20
    validation_steps: int = 0
    checkpoint_steps: int = 500
    kept_checkpoints: int = 2
    gradient_checkpointing: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        if min(self.log_steps, self.checkpoint_steps, self.kept_checkpoints) < 1 or self.validation_steps < 0:
            raise ValueError("log_steps, checkpoint_steps and kept_checkpoints must be at least 1")


@dataclass(frozen=True)
class TrainingConfig:
    """A training run; `network.classes` follows from the data."""

    data: DataConfig
    network: NetworkConfig = field(default_factory=NetworkConfig)
    knowledge: KnowledgeConfig = field(default_factory=KnowledgeConfig)
    preparation: PreparationConfig = field(default_factory=PreparationConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    optimisation: OptimisationConfig = field(default_factory=OptimisationConfig)
    run: RunConfig = field(default_factory=RunConfig)
    card: CardConfig = field(default_factory=CardConfig)

    def __post_init__(self) -> None:
        if self.optimisation.mixup_alpha > 0 and self.network.encoder == "slice_attention":
            raise ValueError("optimisation.mixup_alpha is for the resnet and vit encoders")
        if self.optimisation.localisation_weight > 0 and self.network.encoder == "slice_attention":
            raise ValueError("optimisation.localisation_weight is for the resnet and vit encoders")
        if self.optimisation.loss.key_slice_weight > 0 and self.network.encoder != "slice_attention":
            raise ValueError("optimisation.loss.key_slice_weight is for the slice_attention encoder")
        if self.network.head.kind == "knowledge" and not self.knowledge.encoder:
            raise ValueError(
                'network.head.kind "knowledge" needs the text of the disorders: give knowledge.encoder, a run of '
                '`raddiag knowledge pretrain`, an encoder\'s folder or "hashed_ngram"'
            )
        if not self.preparation.quantise_8bit:
            raise ValueError("preparation.quantise_8bit must be true: scans to learn from are kept as 8 bits a voxel")


RECIPES = Path(__file__).parents[1] / "recipes"


def find_recipe(name_or_path: str) -> Path:
    """The recipe file: a path, or the name of one that is bundled, such as "demo".

    A path that does not exist is returned as it is, for `read_config` to report.
    """
    path, bundled = Path(name_or_path), RECIPES / f"{name_or_path}.toml"
    if path.is_file() or not bundled.is_file():
        return path
    return bundled


def read_config(path: Path, assignments: list[str] | None = None) -> TrainingConfig:
    """Read a recipe, with command line assignments such as `optimisation.epochs=3` laid over it.

    Paths in the file are relative to the file, those of assignments to the current folder.

    Raises:
        ConfigError: The file is missing or not TOML, a key is unknown (with the nearest), or a value is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such recipe") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error
    try:
        merged = with_overrides(_with_absolute_paths(data, path.resolve().parent), assignments or [])
        if "classes" in _table(merged, "network"):
            raise ConfigError("network.classes follows from the data; remove it")
        return from_mapping(TrainingConfig, _with_absolute_paths(merged, Path.cwd()))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _with_absolute_paths(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same plain data with its paths made absolute; what is malformed stays for `from_mapping`."""

    def absolute(value: Any) -> Any:
        return os.path.normpath(folder / value) if isinstance(value, str) and value else value

    table = dict(_table(data, "data"))
    if "cache" in table:
        table["cache"] = absolute(table["cache"])
    if isinstance(table.get("cases"), list):
        table["cases"] = [absolute(file) for file in table["cases"]]
    paths = {**data, "data": table} if table else dict(data)
    # The name of a bundled or pulled model, or of the untrained encoder, is no path.
    for name, key in (("optimisation", "initial_model"), ("knowledge", "encoder")):
        value = _table(data, name).get(key)
        if isinstance(value, str) and value and (folder / value).is_dir():
            paths[name] = {**_table(data, name), key: absolute(value)}
    return paths


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, Mapping) else {}
