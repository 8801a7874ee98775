"""What a data set is made of: the paper's row of table 1 and what its figures 4 to 6 count.

Figure 4: modalities of abnormal and normal cases. Figure 5: their anatomies. Figure 6: images a case, and cases a
class, at the level of disorders and of ICD-10-CM codes, with head, medium and tail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from raddiag_engine.cases import Anatomy, Modality
from raddiag_train.data.labels import codes_by_disorder, tier_of
from raddiag_train.data.records import NORMAL, CaseRecord

TIERS = ("head", "medium", "tail")
# The paper's classes of ICD-10-CM are three-character categories, such as J12.
CATEGORY_CHARACTERS = 3
WHOLE_BODY_ANATOMIES = 5


@dataclass(frozen=True)
class Share:
    """How many of the cases.

    Attributes:
        name: Of the modality or anatomy.
        cases: Cases with it; a case of two modalities counts in both.
        share: Of all cases of the group.
    """

    name: str
    cases: int
    share: float


@dataclass(frozen=True)
class LongTail:
    """Cases a class, "Normal" left out.

    Attributes:
        level: "disorders" or "ICD-10-CM".
        cases: Of each class, falling.
        classes: Tier -> classes.
        cases_of_tier: Tier -> sum of the cases of its classes.
    """

    level: str
    cases: tuple[int, ...]
    classes: dict[str, int]
    cases_of_tier: dict[str, int]


@dataclass(frozen=True)
class Composition:
    """One data set.

    Attributes:
        name: As in table 1.
        anatomy: One region, or "Whole body".
        modality: Of the scans, or "Radiology" for more than three.
        images: Scans.
        cases: Cases.
        disorders: Classes but for "Normal".
        icd10cm: Categories among the codes.
        has_2d: Projections, ultrasound or single slices are among the scans; None where the modalities do not tell.
        has_3d: CT or MRI is among the scans; None where they do not tell.
        case_level: A case may have several scans.
        modalities: "abnormal" and "normal" -> shares, most frequent first.
        anatomies: Likewise.
        modalities_per_case: Number of modalities -> share of the cases.
        images_per_case: Number of scans -> cases.
        long_tails: At both levels.
    """

    name: str
    anatomy: str
    modality: str
    images: int
    cases: int
    disorders: int
    icd10cm: int
    has_2d: bool | None
    has_3d: bool | None
    case_level: bool
    modalities: dict[str, tuple[Share, ...]]
    anatomies: dict[str, tuple[Share, ...]]
    modalities_per_case: dict[str, float]
    images_per_case: dict[int, int]
    long_tails: tuple[LongTail, ...]


def composition_of(records: Sequence[CaseRecord], name: str) -> Composition:
    """Count what the cases are made of; no scan is opened."""
    abnormal = [record for record in records if record.disorders != (NORMAL,)]
    normal = [record for record in records if record.disorders == (NORMAL,)]
    parts = {"abnormal": abnormal, "normal": normal}
    anatomies = [a for a in Counter(record.anatomy for record in records) if a is not Anatomy.UNKNOWN]
    modalities = [m for m in Counter(s.modality for r in records for s in r.scans) if m is not Modality.UNKNOWN]
    disorders = _tail_of("disorders", (_disorders(record) for record in records))
    codes = _tail_of("ICD-10-CM", (_categories(record) for record in records))
    flat, deep = _dimensions(records)
    images = Counter(len(record.scans) for record in records)
    kinds = Counter(len({scan.modality for scan in record.scans}) for record in records)
    return Composition(
        name=name,
        anatomy="Whole body" if len(anatomies) >= WHOLE_BODY_ANATOMIES else _listed(anatomies),
        modality="Radiology" if len(modalities) > 3 else _listed(modalities),
        images=sum(number * cases for number, cases in images.items()),
        cases=len(records),
        disorders=len(disorders.cases),
        icd10cm=len(codes.cases),
        has_2d=flat,
        has_3d=deep,
        case_level=max(images, default=0) > 1,
        modalities={
            part: _shares(cases, lambda r: {str(s.modality) for s in r.scans}) for part, cases in parts.items()
        },
        anatomies={part: _shares(cases, lambda r: {str(r.anatomy)}) for part, cases in parts.items()},
        modalities_per_case={str(number): kinds[number] / len(records) for number in sorted(kinds)},
        images_per_case=dict(sorted(images.items())),
        long_tails=(disorders, codes),
    )


def _disorders(record: CaseRecord) -> set[str]:
    return set(record.disorders) - {NORMAL}


def _categories(record: CaseRecord) -> set[str]:
    """Codes of a case, whether or not it is known which disorder each belongs to."""
    codes = {code for code in record.icd10cm if code} or {c for own in codes_by_disorder(record) for c in own}
    return {code.partition(".")[0][:CATEGORY_CHARACTERS] for code in codes}


def _tail_of(level: str, classes_of_cases: Iterable[set[str]]) -> LongTail:
    cases = sorted(Counter(name for of_case in classes_of_cases for name in of_case).values(), reverse=True)
    tiers: list[str] = [tier_of(count) for count in cases]
    return LongTail(
        level,
        tuple(cases),
        {tier: tiers.count(tier) for tier in TIERS},
        {tier: int(np.sum([c for c, t in zip(cases, tiers, strict=True) if t == tier])) for tier in TIERS},
    )


def _dimensions(records: Sequence[CaseRecord]) -> tuple[bool | None, bool | None]:
    """Whether 2D and 3D scans are there, as far as modality, key slice and file tell without opening one."""
    flat = deep = False
    for record in records:
        for scan in record.scans:
            if scan.path.suffix.lower() in (".png", ".jpg", ".jpeg") or scan.modality in _PROJECTIONS:
                flat = True
            elif scan.modality in (Modality.CT, Modality.MRI):
                deep = True
    return (flat, deep) if flat or deep else (None, None)


_PROJECTIONS = (Modality.XRAY, Modality.MAMMOGRAPHY, Modality.ULTRASOUND, Modality.DSA, Modality.FLUOROSCOPY)


def _shares(cases: Sequence[CaseRecord], names_of: Callable[[CaseRecord], set[str]]) -> tuple[Share, ...]:
    counts = Counter(name for record in cases for name in names_of(record))
    return tuple(Share(name, count, count / len(cases)) for name, count in counts.most_common())


def _listed(words: Sequence[Modality] | Sequence[Anatomy]) -> str:
    return ", ".join(sorted(str(word) for word in words)) or "unknown"
