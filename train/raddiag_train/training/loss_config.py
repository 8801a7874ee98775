"""Which loss the labels are learned with: data, part of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LossConfig:
    """The loss of the labels, `[optimisation.loss]` of a recipe.

    Attributes:
        kind: "bce", binary cross-entropy, or "asymmetric", which plays the many easy negatives down (Ridnik et al.
            2021, `asymmetric_loss.py`).
        gamma_negative: Of "asymmetric": how strongly easy negatives are played down.
        gamma_positive: Of "asymmetric": the same of easy positives; 0 leaves every positive its full weight.
        margin: Of "asymmetric": negatives below this probability count for nothing, which forgives labels that name
            the main diagnosis only.
        logit_adjustment: Strength of the adjustment by base rate (Menon et al. 2021, `logit_adjustment.py`); 0 is off,
            1 is theirs.
        ancestor_weight: What the loss of an ancestor counts for where a disorder's counts for 1
            (`data.icd10cm_ancestors`).
        key_slice_weight: Of the release's loss on attention over slices (`key_slice_loss.py`), 0.001 there; for the
            slice_attention encoder.
    """

    kind: Literal["bce", "asymmetric"] = "bce"
    gamma_negative: float = 4.0
    gamma_positive: float = 0.0
    margin: float = 0.05
    logit_adjustment: float = 0.0
    ancestor_weight: float = 0.5
    key_slice_weight: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gamma_negative", "gamma_positive", "logit_adjustment", "ancestor_weight", "key_slice_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        if not 0 <= self.margin < 1:
            raise ValueError("margin must be at least 0 and below 1")
