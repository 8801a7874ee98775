"""What a training run learns from: the table [data] of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from raddiag_train.data.label_level import LabelLevel


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
        exclude_disorders: Names of disorders at any `label_level`; a case with one of them is left out of training and
            validation, so that the model never learns it and can be asked about it by its text. The card keeps the
            names, and `raddiag evaluate` leaves such cases out too.
        excluded_before: Disorders of which `cases` holds no case any more, as in a run of an experiment; the card keeps
            them with those of `exclude_disorders`.
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
    excluded_before: tuple[str, ...] = ()
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
    def excluded_disorders(self) -> tuple[str, ...]:
        """Every disorder that is kept out, each once."""
        return tuple(dict.fromkeys((*self.excluded_before, *self.exclude_disorders)))

    @property
    def cache_folder(self) -> Path:
        """Where the prepared scans are."""
        return Path(self.cache) if self.cache else Path(self.cases[0]).parent / "prepared"
