"""What a diagnosis says, bound to the case and the model it was made from. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from raddiag_engine.cases import Anatomy, Modality, ScanWarning
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Tier

DIAGNOSIS_SCHEMA = 1
State = Literal["positive", "negative", "not assessed"]
Origin = Literal["stated", "guessed", "recognised", "unknown"]


@dataclass(frozen=True)
class DisorderScore:
    """What the model says of one disorder in one case.

    Attributes:
        rank: Counted from 1; 0 for Normal, which stands apart.
        name: As on the model card.
        icd10cm: ICD-10-CM codes; empty for Normal and for names without one.
        probability: Calibrated where `calibrated`, else the plain sigmoid of the logit.
        calibrated: True if the card has a calibration for this disorder.
        logit: As it left the network.
        threshold: On the probability; 0.5 if none was fitted.
        sensitivity: Of that threshold on the split it was fitted on; None if none was fitted.
        specificity: The same.
        positives: Positive cases it was fitted on; None if none was fitted.
        reliable: True if the threshold was fitted on at least 10 positive cases.
        state: "not assessed" if no scan in use is one on which the model can judge this disorder.
        tier: "head", "medium" or "tail", by the number of training cases.
        contributions: Scan id -> drop of the logit without that scan; empty for a single scan.
        icd10cm_matched_by_name: True if the codes were found by name and not given by the training data.
    """

    rank: int
    name: str
    icd10cm: tuple[str, ...]
    probability: float
    calibrated: bool
    logit: float
    threshold: float
    sensitivity: float | None
    specificity: float | None
    positives: int | None
    reliable: bool
    state: State
    tier: Tier
    contributions: dict[str, float] = field(default_factory=dict)
    icd10cm_matched_by_name: bool = False


@dataclass(frozen=True)
class UnseenScore:
    """What the text of a name says of a disorder that the model never learned (the open vocabulary, section 4.3).

    It has no threshold, no calibration and no tier, so it can be neither positive nor negative.

    Attributes:
        rank: Among the unseen disorders, by score, counted from 1.
        name: As it was asked for.
        icd10cm: As given with the name.
        probability: The plain sigmoid of the logit: a score, not a probability.
        logit: With the mean bias of the model's own disorders, where they have one.
        covered: False if no scan in use is of a kind that the model knows; then the score means nothing.
        nearest: The model's own disorder whose name is nearest in meaning; empty if it has none.
        nearest_cosine: Of the two text embeddings; near 1, the model may know the disorder by another name.
        contributions: Scan id -> drop of the logit without that scan; empty for a single scan.
        state: Always "not assessed".
        unseen: Always True: marks the row wherever it goes.
    """

    rank: int
    name: str
    icd10cm: tuple[str, ...]
    probability: float
    logit: float
    covered: bool
    nearest: str
    nearest_cosine: float
    contributions: dict[str, float] = field(default_factory=dict)
    state: Literal["not assessed"] = "not assessed"
    unseen: Literal[True] = True


@dataclass(frozen=True)
class ScanReport:
    """What became of one scan of the case.

    Attributes:
        id: Of the scan.
        modality: As stated, guessed, or else recognised by the model.
        modality_origin: Where `modality` comes from.
        anatomy: The same, for the anatomy.
        anatomy_origin: Where `anatomy` comes from.
        shape: Of the scan's voxels, before preparation.
        used: True if it took part in the diagnosis.
        reason: Why it was not used; None if it was.
        overridden: True if a person wants it used although the reader advises against it.
        out_of_distribution: True if it is unlike the scans the model was trained on; it yields no positives.
        covered: True if the model was trained on scans of its modality and anatomy; None if it was not looked at.
        saw: What the network was given: window, slices kept of slices there, resolution; empty if nothing.
        warnings: The reader's doubts about it.
    """

    id: str
    modality: Modality
    modality_origin: Origin
    anatomy: Anatomy
    anatomy_origin: Origin
    shape: tuple[int, ...]
    used: bool
    reason: str | None = None
    overridden: bool = False
    out_of_distribution: bool = False
    covered: bool | None = None
    saw: str = ""
    warnings: tuple[ScanWarning, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The disorders of a case, ranked; valid for exactly the case, input and model it names.

    Attributes:
        case_id: Short name of the case, without patient data.
        case_hash: SHA-256 of the case.
        input_hash: SHA-256 of what the network was given: prepared scans and modality ids. It changes with a window.
        model_name: Of the card.
        model_sha256: Of the weights.
        device: "cpu" or "cuda:0 (its name)".
        precision: Of the encoder: "float32" or "bfloat16".
        scans: All scans of the case, unused ones included, in the case's order.
        disorders: All positives first, then by probability; cut to the number asked for, but never a positive.
        normal: The class Normal; None if the model has none.
        positive: Disorders that are positive, Normal not counted.
        assessed: Disorders that are positive or negative, Normal not counted.
        not_assessed: Disorders that no scan in use can show, Normal not counted.
        expected_false_alarms: Sum of (1 - specificity) over the assessed disorders with an operating point.
        without_operating_point: Assessed disorders that this sum leaves out.
        warnings: Sentences for the reader, without patient data.
        seconds: Stage ("read", "prepare", "encode", "fuse") -> wall time.
        unseen: Disorders asked for by name that the model never learned, by score; in none of the counts above.
    """

    case_id: str
    case_hash: str
    input_hash: str
    model_name: str
    model_sha256: str
    device: str
    precision: str
    scans: tuple[ScanReport, ...]
    disorders: tuple[DisorderScore, ...]
    normal: DisorderScore | None
    positive: int
    assessed: int
    not_assessed: int
    expected_false_alarms: float
    without_operating_point: int
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    unseen: tuple[UnseenScore, ...] = ()

    @property
    def positives(self) -> tuple[DisorderScore, ...]:
        """The positive disorders, most probable first."""
        return tuple(score for score in self.disorders if score.state == "positive")

    @property
    def headline(self) -> str:
        """One line that puts the positives in proportion to what was looked for."""
        if not self.assessed:
            return f"nothing assessed: no scan in use can show any of the {self.not_assessed} disorders of this model"
        alarms = self.expected_false_alarms
        number = f"{alarms:.0f}" if alarms >= 9.95 else f"{alarms:.1f}"
        line = f"{self.positive} positive of {self.assessed} assessed"
        if self.without_operating_point == self.assessed:
            return f"{line}, false alarms not known (no disorder has an operating point)"
        line += f", about {number} false alarms expected"
        if self.without_operating_point:
            line += f" ({self.without_operating_point} without an operating point not counted)"
        return line

    def to_mapping(self) -> dict[str, Any]:
        """The JSON of `raddiag diagnose`."""
        data = to_mapping(self)
        nested: dict[str, dict[str, str]] = {"case": {}, "model": {}}
        for key, (group, name) in _NESTED.items():
            nested[group][name] = data.pop(key)
        return {"schema": DIAGNOSIS_SCHEMA, **nested, "headline": self.headline, **data}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Diagnosis:
        """The inverse of `to_mapping`.

        Raises:
            ConfigError: It is of another schema, or not a diagnosis.
        """
        if data.get("schema") != DIAGNOSIS_SCHEMA:
            raise ConfigError(f"not a diagnosis of schema {DIAGNOSIS_SCHEMA}")
        flat = {key: value for key, value in data.items() if key not in ("schema", "case", "model", "headline")}
        for key, (group, name) in _NESTED.items():
            try:
                flat[key] = data[group][name]
            except (KeyError, TypeError):
                raise ConfigError(f"a diagnosis without {group}.{name}") from None
        return from_mapping(cls, flat)


_NESTED = {
    "case_id": ("case", "id"),
    "case_hash": ("case", "hash"),
    "input_hash": ("case", "input_hash"),
    "model_name": ("model", "name"),
    "model_sha256": ("model", "sha256"),
}
