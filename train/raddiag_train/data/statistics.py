"""What a data set holds: cases of each disorder by split, scans of each modality and anatomy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from raddiag_engine.models.card import Tier
from raddiag_train.data.labels import codes_by_disorder, tier_of
from raddiag_train.data.records import SPLITS, CaseRecord


@dataclass(frozen=True)
class DisorderCount:
    """Cases of one disorder.

    Attributes:
        name: Of the disorder.
        icd10cm: Codes given with it alone.
        cases: Split -> cases; "" for those without a split.
        tier: By training cases, or by all of them while there are no splits.
    """

    name: str
    icd10cm: tuple[str, ...]
    cases: dict[str, int]
    tier: Tier


@dataclass(frozen=True)
class DatasetStatistics:
    """Counts over a data set.

    Attributes:
        cases: Split -> cases.
        patients: Patients named.
        scans: (modality, anatomy) -> scans.
        sources: Source -> cases.
        disorders: Most frequent first.
    """

    cases: dict[str, int]
    patients: int
    scans: dict[tuple[str, str], int]
    sources: dict[str, int]
    disorders: tuple[DisorderCount, ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold a case, in their usual order."""
        return tuple(split for split in ("", *SPLITS) if split in self.cases)


def statistics_of(records: Sequence[CaseRecord]) -> DatasetStatistics:
    """Count cases, patients, scans and disorders."""
    by_disorder: dict[str, Counter[str]] = {}
    codes: dict[str, dict[str, None]] = {}
    scans: Counter[tuple[str, str]] = Counter()
    for record in records:
        scans.update((scan.modality.value, record.anatomy_of(scan).value) for scan in record.scans)
        for name, own in zip(record.disorders, codes_by_disorder(record), strict=True):
            by_disorder.setdefault(name, Counter())[record.split] += 1
            codes.setdefault(name, {}).update(dict.fromkeys(own))
    divided = any(record.split == "train" for record in records)
    disorders = [
        DisorderCount(
            name,
            tuple(codes[name]),
            dict(counts),
            tier_of(counts["train"] if divided else counts.total()),
        )
        for name, counts in by_disorder.items()
    ]
    return DatasetStatistics(
        cases=dict(Counter(record.split for record in records)),
        patients=len({(record.source, record.patient_id) for record in records if record.patient_id}),
        scans=dict(scans.most_common()),
        sources=dict(Counter(record.source for record in records).most_common()),
        disorders=tuple(sorted(disorders, key=lambda d: (-sum(d.cases.values()), d.name))),
    )
