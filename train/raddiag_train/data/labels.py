"""The label space of a training set: its disorders by number of cases, with codes, tiers and coverage."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Coverage, Disorder, Tier
from raddiag_train.data.ancestors import Ancestor, icd10cm_ancestors
from raddiag_train.data.case_labels import CaseLabels
from raddiag_train.data.case_lines import UnknownDisorder
from raddiag_train.data.records import NORMAL, CaseRecord

HEAD_CASES = 100
MEDIUM_CASES = 30


def tier_of(positives: int) -> Tier:
    """Head, medium or tail by positive training cases (section 3.3)."""
    if positives >= HEAD_CASES:
        return "head"
    return "medium" if positives >= MEDIUM_CASES else "tail"


@dataclass(frozen=True)
class LabelSpace:
    """The classes of a model, in the order of its logits.

    Attributes:
        disorders: As in the model card; "Normal" is one of them if the data have it.
        ancestors: Auxiliary classes in training, behind the disorders; none of the published model's.
    """

    disorders: tuple[Disorder, ...]
    ancestors: tuple[Ancestor, ...] = ()

    def __len__(self) -> int:
        return len(self.disorders)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the logits."""
        return tuple(disorder.name for disorder in self.disorders)

    @cached_property
    def indices(self) -> dict[str, int]:
        """Name -> class index."""
        return {name: index for index, name in enumerate(self.names)}

    @property
    def targets(self) -> int:
        """Classes in training: disorders and ancestors."""
        return len(self.disorders) + len(self.ancestors)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Their names, in the order of the logits in training; an ancestor's may equal a disorder's."""
        return (*self.names, *(ancestor.name for ancestor in self.ancestors))

    @property
    def members_AK(self) -> NDArray[np.bool_]:
        """(ancestors, disorders) True where the disorder lies below the ancestor."""
        members_AK = np.zeros((len(self.ancestors), len(self)), dtype=bool)
        for row, ancestor in enumerate(self.ancestors):
            members_AK[row, list(ancestor.members)] = True
        return members_AK

    def targets_of(self, records: Sequence[CaseRecord]) -> CaseLabels:
        """What the cases are to be trained on: their disorders, and every ancestor of one.

        Raises:
            ConfigError: As `vector`, with the case's id.
        """
        above: dict[int, list[int]] = {}
        for index, ancestor in enumerate(self.ancestors, start=len(self)):
            for k in ancestor.members:
                above.setdefault(k, []).append(index)
        classes = self.classes(records)
        if above:
            classes = [[*own, *sorted({a for k in own for a in above.get(k, ())})] for own in classes]
        return CaseLabels.of(classes, self.targets)

    def vector(self, disorders: Iterable[str]) -> NDArray[np.float32]:
        """(K,) float32 target with 1 for each disorder given.

        Raises:
            ConfigError: A disorder that is not in the label space, with the nearest that is.
        """
        labels_K = np.zeros(len(self), dtype=np.float32)
        labels_K[self._indices_of(disorders)] = 1.0
        return labels_K

    def classes(self, records: Sequence[CaseRecord]) -> list[list[int]]:
        """The classes of each case.

        Raises:
            UnknownDisorder: As `vector`, with the case's id.
        """
        found = []
        for record in records:
            try:
                found.append(self._indices_of(record.disorders))
            except ConfigError as error:
                raise UnknownDisorder(record.case_id, str(error)) from None
        return found

    def matrix(self, records: Sequence[CaseRecord]) -> NDArray[np.float32]:
        """(N, K) float32 targets of cases.

        Raises:
            ConfigError: As `vector`, with the case's id.
        """
        labels_NK = np.zeros((len(records), len(self)), dtype=np.float32)
        for row, classes in enumerate(self.classes(records)):
            labels_NK[row, classes] = 1.0
        return labels_NK

    def _indices_of(self, disorders: Iterable[str]) -> list[int]:
        found = []
        for name in disorders:
            if name not in self.indices:
                near = difflib.get_close_matches(name, self.names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(
                    f"disorder {name!r} has no positive training case and is not in the label space{hint}"
                )
            found.append(self.indices[name])
        return found


def label_space(records: Sequence[CaseRecord], split: str = "train", *, ancestors: bool = False) -> LabelSpace:
    """The disorders with a positive case in `split`, most frequent first, ties by name.

    Codes, tier and coverage come from the same cases; a disorder is covered by the modality and anatomy of every
    scan of its positive cases.

    Args:
        records: The cases.
        split: That counts.
        ancestors: Whether what lies above the disorders in ICD-10-CM is trained on as well.

    Raises:
        ConfigError: The split has no cases.
    """
    chosen = [record for record in records if record.split == split]
    if not chosen:
        raise ConfigError(f"no case is in the split {split!r}; make splits with `raddiag data split`")
    positives = Counter(name for record in chosen for name in set(record.disorders))
    codes: dict[str, dict[str, None]] = {name: {} for name in positives}
    coverage: dict[str, set[Coverage]] = {name: set() for name in positives}
    for record in chosen:
        seen = {Coverage(scan.modality, record.anatomy_of(scan)) for scan in record.scans}
        for name, own in zip(record.disorders, codes_by_disorder(record), strict=True):
            codes[name].update(dict.fromkeys(own))
            coverage[name] |= seen
    disorders = tuple(
        Disorder(
            name=name,
            icd10cm=tuple(codes[name]),
            tier=tier_of(count),
            training_positives=count,
            normal=name == NORMAL,
            coverage=tuple(sorted(coverage[name], key=lambda pair: (pair.modality, pair.anatomy))),
        )
        for name, count in sorted(positives.items(), key=lambda item: (-item[1], item[0]))
    )
    return LabelSpace(disorders, icd10cm_ancestors(disorders) if ancestors else ())


def codes_by_disorder(record: CaseRecord) -> tuple[tuple[str, ...], ...]:
    """The codes of each of the case's disorders, as far as the record says which code is whose."""
    if len(record.disorders) == 1:
        return (tuple(code for code in record.icd10cm if code),)
    if len(record.disorders) == len(record.icd10cm):
        return tuple((code,) if code else () for code in record.icd10cm)
    return ((),) * len(record.disorders)
