"""The model card: everything about a model that is not a weight. Free of torch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError, ModelError
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.preparation.config import PreparationConfig

CARD_SCHEMA = 1
Tier = Literal["head", "medium", "tail"]


@dataclass(frozen=True)
class Coverage:
    """Scans of one modality and anatomy, on which a model was trained and may be used.

    Attributes:
        modality: One of the nine, or unknown for scans whose modality the model was not told.
        anatomy: A body region; "unknown" stands for every region, for models whose data list none.
    """

    modality: Modality
    anatomy: Anatomy

    def covers(self, modality: Modality, anatomy: Anatomy) -> bool:
        """True if a scan of this modality and anatomy is among those meant; anatomy "unknown" here means any."""
        return self.modality == modality and self.anatomy in (Anatomy.UNKNOWN, anatomy)


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold of a disorder and what it does, on the split it was fitted on.

    Attributes:
        threshold: On the probability.
        sensitivity: Share of positives at or above it.
        specificity: Share of negatives below it.
        positives: Positive cases it was fitted on; under 10 the point is unreliable.
        split: Name of that split.
    """

    threshold: float
    sensitivity: float
    specificity: float
    positives: int
    split: str = "validation"

    def __post_init__(self) -> None:
        for name in ("threshold", "sensitivity", "specificity"):
            value = getattr(self, name)
            if not 0 <= value <= 1:  # not a number is not either
                raise ValueError(f"{name} is {value}, but must be from 0 to 1")
        if self.positives < 0:
            raise ValueError(f"positives is {self.positives}, but must not be negative")

    @property
    def reliable(self) -> bool:
        """False if it was fitted on fewer than 10 positives."""
        return self.positives >= 10


@dataclass(frozen=True)
class Calibration:
    """Platt scaling of one disorder: probability = sigmoid(slope x logit + offset)."""

    slope: float
    offset: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.offset)):
            raise ValueError(f"slope {self.slope} and offset {self.offset} must be finite")


@dataclass(frozen=True)
class Disorder:
    """One class of the label space.

    Attributes:
        name: As shown; unique in the card.
        icd10cm: Codes, without seventh characters; empty for Normal and for names without one.
        tier: By positive training cases: head (>= 100), medium (30 to 99), tail (< 30).
        training_positives: Positive training cases; None if not known.
        normal: True for the class "Normal", which stands apart.
        icd10cm_matched_by_name: True if the codes were found by name and not given by the data.
        learned_from: "real", "synthetic" or "real and synthetic".
        coverage: Scans on which it can be assessed; empty means all that the card covers.
        operating_point: None if no threshold was fitted; then 0.5 is used and said.
        calibration: None if the probability is the plain sigmoid.
    """

    name: str
    icd10cm: tuple[str, ...] = ()
    tier: Tier = "tail"
    training_positives: int | None = None
    normal: bool = False
    icd10cm_matched_by_name: bool = False
    learned_from: str = ""
    coverage: tuple[Coverage, ...] = ()
    operating_point: OperatingPoint | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.name.isprintable():
            raise ValueError(f"{self.name!r} is no name of a disorder: it is empty or holds control characters")


@dataclass(frozen=True)
class TrainingSource:
    """A data set a model was trained on, with the terms under which it was used."""

    name: str
    cases: int
    real: bool
    terms: str


@dataclass(frozen=True)
class ModelCard:
    """Architecture, input preparation, label space and history of a model.

    Attributes:
        name: As used on the command line.
        description: Two sentences for the user.
        network: Architecture.
        preparation: How its input is made.
        disorders: The label space, in the order of the logits.
        coverage: Modality and anatomy pairs the model was trained on.
        max_scans: Most scans that are fused, the rest being left out by a stated rule; None for any number.
        trained_scans: Most scans of a case in training, beyond which a caution is given; None if not known.
        weights_sha256: Of model.safetensors.
        licence: Of the weights.
        intended_use: Research-use statement.
        sources: What it was trained on.
        shortcuts: Each shortcut looked for and what was found.
        evaluation: Reported figures: name -> value, on the split named in the key.
        excluded_disorders: Kept out of its training by choice; a case with one is no case to judge the model on.
        knowledge_encoder: What embedded the disorders' names, for a knowledge head; None for other heads.
        schema: Version of this layout.
    """

    name: str
    description: str
    network: NetworkConfig
    preparation: PreparationConfig
    disorders: tuple[Disorder, ...]
    coverage: tuple[Coverage, ...] = ()
    max_scans: int | None = None
    trained_scans: int | None = None
    weights_sha256: str = ""
    licence: str = ""
    intended_use: str = "Research use only. Not a medical device; not for clinical use."
    sources: tuple[TrainingSource, ...] = ()
    shortcuts: tuple[str, ...] = ()
    evaluation: dict[str, float] = field(default_factory=dict)
    excluded_disorders: tuple[str, ...] = ()
    knowledge_encoder: EncoderCard | None = None
    schema: int = CARD_SCHEMA

    def __post_init__(self) -> None:
        names = [disorder.name for disorder in self.disorders]
        if len(set(names)) != len(names):
            raise ValueError("two disorders have the same name")
        if len(names) != self.network.classes:
            raise ValueError(f"{len(names)} disorders are listed but the network has {self.network.classes} classes")
        if self.max_scans is not None and self.max_scans < 1:
            raise ValueError(f"max_scans is {self.max_scans}, but must be at least 1")
        modalities = self.network.fusion.modalities
        for modality, ids in self.preparation.modality_ids.items():
            if max(ids) >= modalities:
                raise ValueError(
                    f"preparation.modality_ids of {modality!r} has {max(ids)}, but network.fusion.modalities is "
                    f"{modalities}, so that ids end at {modalities - 1}"
                )

    def to_json(self) -> str:
        """The content of card.json."""
        return json.dumps(to_mapping(self), indent=1, ensure_ascii=False) + "\n"


def read_card(path: Path) -> ModelCard:
    """Read card.json.

    Raises:
        ModelError: It is missing, not JSON, of another schema or inconsistent.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("schema") != CARD_SCHEMA:
            raise ModelError(f"{path}: not a model card of schema {CARD_SCHEMA}; update napari-raddiag or the model")
        return from_mapping(ModelCard, data)
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; a model folder holds model.safetensors and card.json") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read as JSON ({error}); fetch the model again") from error
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
