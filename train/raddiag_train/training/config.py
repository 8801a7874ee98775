"""The configuration of a training run: data, read from a TOML recipe."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from raddiag_engine.configuration import from_mapping, with_overrides
from raddiag_engine.errors import ConfigError
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.augmentation import AugmentationConfig
from raddiag_train.data.label_level import LabelLevel
from raddiag_train.training.knowledge_config import KnowledgeConfig
from raddiag_train.training.loss_config import LossConfig


@dataclass(frozen=True)
class DataConfig:
    """What is learned from.

    Attributes:
        cases: cases.jsonl files; relative to the recipe in the file, absolute once read.
        cache: Folder of the prepared scans; empty means "prepared" beside the first cases.jsonl.
        train_split: Split that is learned from.
        validation_split: Split on which thresholds, calibration and the input score are fitted; never learned from.
        label_level: What is learned: "disorder" (5,569 classes in the paper), or "icd10cm", the categories of the codes
            of each case (931 classes there).
        icd10cm_ancestors: Learn what lies above the disorders in ICD-10-CM beside them, as auxiliary classes that the
            published model does not have (`data/ancestors.py`); `optimisation.loss.ancestor_weight` is their weight.
        exclude_disorders: Names, at `label_level`; a case with one of them is left out of training and validation, so
            that the model never learns it and can be asked about it by its text. The card keeps the names, and
            `raddiag evaluate` leaves such cases out too.
        source_weights: Shares of an epoch, in any unit, of the sources named; the others keep theirs by size.
        preparation_workers: Processes that fill the cache; 0 means one a core.
        workers: Processes that read batches ahead of the steps; 0 reads them in between, which is enough on a CPU.
    """

    cases: tuple[str, ...]
    cache: str = ""
    train_split: str = "train"
    validation_split: str = "validation"
    label_level: LabelLevel = "disorder"
    icd10cm_ancestors: bool = False
    exclude_disorders: tuple[str, ...] = ()
    source_weights: dict[str, float] = field(default_factory=dict)
    preparation_workers: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        if not self.cases:
            raise ValueError("cases names no file")
        if any(weight < 0 for weight in self.source_weights.values()):
            raise ValueError("a source weight is negative")
        if self.train_split == self.validation_split:
            raise ValueError("train_split and validation_split are the same")

    @property
    def cache_folder(self) -> Path:
        """Where the prepared scans are."""
        return Path(self.cache) if self.cache else Path(self.cases[0]).parent / "prepared"


@dataclass(frozen=True)
class OptimisationConfig:
    """How the weights are learned.

    Attributes:
        initial_model: Name or folder of a model whose weights the run starts from; empty means random ones.
        epochs: Passes over the data as weighted by source; ignored if `steps` is given.
        steps: Optimiser steps; 0 means by `epochs`.
        batch_cases: Cases of an optimiser step.
        accumulation: Equal parts a batch is computed in, to save memory.
        learning_rate: Highest of the schedule.
        fusion_learning_rate_factor: What the fusion transformer's learning rate is multiplied with; it bears less than
            a convolutional encoder.
        weight_decay: AdamW's, on weights with at least two axes; biases and norms have none.
        warmup_share: Share of the steps in which the learning rate rises.
        gradient_clip: Largest norm of the gradient; 0 means no limit.
        ema_decay: Of the average of the weights; 0 means the last weights themselves.
        precision: Of the forward pass: "auto" is bf16 where the chip computes it itself.
        modality_dropout: Probability that a scan's modality is hidden.
        scan_dropout: Probability that a scan of a case with several is left out; one always stays.
        case_mixing: Probability that a case of another anatomy is added to a case, tried twice (release: 0.3, once).
        mixup_alpha: Of the beta distribution by which cases of the same make-up are mixed; 0 means no mixing.
        prior_bias: Start the classifier's bias at the log-odds of each disorder.
        repeat_threshold: Share of the cases below which a class is seen more often (repeat-factor sampling, LVIS 2019;
            1e-3 there); 0 is off.
        frozen_norm_share: Share of the steps, at the end, in which batch norms use their running statistics, as they
            will in use: images and volumes are normalised apart in training but with common statistics after it.
        mask_unlabelled_sources: True: what a source never labels is unknown for its cases. False: it is absent.
        localisation_weight: Of the loss that asks the class activation map to lie in the lesion, where cases have masks
            (`localisation.py`); for the resnet and vit encoders.
        volume_localisation_factor: What that loss of a volume is multiplied with.
        loss: Of the labels.
    """

    initial_model: str = ""
    epochs: float = 100.0
    steps: int = 0
    batch_cases: int = 32
    accumulation: int = 1
    learning_rate: float = 1e-5
    fusion_learning_rate_factor: float = 1.0
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    gradient_clip: float = 1.0
    ema_decay: float = 0.9998
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    modality_dropout: float = 0.0
    scan_dropout: float = 0.0
    case_mixing: float = 0.0
    mixup_alpha: float = 0.0
    prior_bias: bool = True
    repeat_threshold: float = 0.0
    frozen_norm_share: float = 0.0
    mask_unlabelled_sources: bool = False
    localisation_weight: float = 0.0
    volume_localisation_factor: float = 1.0
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        if self.batch_cases < 1 or self.accumulation < 1 or self.batch_cases % self.accumulation:
            raise ValueError("batch_cases must be a positive multiple of accumulation")
        if self.steps < 0 or (self.steps == 0 and self.epochs <= 0):
            raise ValueError("give epochs or steps, above 0")
        for name in (
            "warmup_share",
            "ema_decay",
            "modality_dropout",
            "scan_dropout",
            "case_mixing",
            "frozen_norm_share",
        ):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1")
        for name in (
            "learning_rate",
            "weight_decay",
            "gradient_clip",
            "mixup_alpha",
            "localisation_weight",
            "volume_localisation_factor",
            "repeat_threshold",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")


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
class SourceConfig:
    """What the card says of one data set.

    Attributes:
        real: True for images of patients, False for synthetic ones.
        terms: The terms under which it was used.
        title: Its name for the reader; the key of the table if empty.
    """

    real: bool = True
    terms: str = ""
    title: str = ""


@dataclass(frozen=True)
class CardConfig:
    """What only a person can say of the model.

    Attributes:
        name: As used on the command line.
        description: Two sentences for the user.
        licence: Of the weights.
        intended_use: Research-use statement; the model card's own if empty.
        sources: Source, as in cases.jsonl -> what it is.
        shortcuts: Each shortcut looked for and what was found.
        half_precision: Store the weights as 16-bit floats.
    """

    name: str = "model"
    description: str = ""
    licence: str = ""
    intended_use: str = ""
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    shortcuts: tuple[str, ...] = ()
    half_precision: bool = False


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
