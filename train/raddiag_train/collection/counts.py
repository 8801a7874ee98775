"""How many cases, images and labels are left after each stage, as in figure 2 (b)."""

from __future__ import annotations

import json
from collections.abc import Collection as Keys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from raddiag_engine.atomic import write_text
from raddiag_train.collection.agreement import Agreement, category_of
from raddiag_train.collection.code_sheet import NO_CODE
from raddiag_train.collection.filter_check import FilterQuality
from raddiag_train.collection.raw_records import RawCase


@dataclass(frozen=True)
class StageCount:
    """What there is after a stage.

    Attributes:
        stage: In words.
        cases: All of them.
        images: Of these cases.
        normal_cases: Among the cases.
        articles: Linked with the cases that are not normal: before the filter all, after it the disorders.
        categories: First-level codes of ICD-10-CM; None before the mapping.
        details: What the stage did, counted.
    """

    stage: str
    cases: int
    images: int
    normal_cases: int
    articles: int
    categories: int | None = None
    details: Mapping[str, int] = field(default_factory=dict)

    @property
    def abnormal_cases(self) -> int:
        """Cases that show a disorder."""
        return self.cases - self.normal_cases


@dataclass(frozen=True)
class Counts:
    """Of a whole build, as far as it went.

    Attributes:
        stages: Those that are done.
        quality: Of the filter; None if it was not checked.
        agreement: Of the annotators; None before they are done.
    """

    stages: tuple[StageCount, ...]
    quality: FilterQuality | None = None
    agreement: tuple[Agreement, Agreement] | None = None


def count_stage(
    stage: str,
    cases: Sequence[RawCase],
    articles: Keys[str],
    codes: Mapping[str, str] | None = None,
    details: Mapping[str, int] | None = None,
) -> StageCount:
    """Count what a stage leaves.

    Args:
        stage: In words.
        cases: That are left.
        articles: Keys of those that are left.
        codes: Key -> code, once there are any.
        details: What the stage did.
    """
    linked = {key for case in cases for key in case.articles if key in articles}
    categories = None
    if codes is not None:
        categories = len({category_of(codes[key]) for key in linked if codes.get(key, NO_CODE) != NO_CODE})
    normal = sum(case.normal for case in cases)
    images = sum(len(case.images) for case in cases)
    return StageCount(stage, len(cases), images, normal, len(linked), categories, details or {})


def write_counts(folder: Path, counts: Counts) -> None:
    """Write counts.json and counts.md."""
    stages = [{**asdict(stage), "abnormal_cases": stage.abnormal_cases} for stage in counts.stages]
    data = {
        "schema": 1,
        "stages": stages,
        "filter_quality": None if counts.quality is None else asdict(counts.quality),
        "agreement": None if counts.agreement is None else [asdict(level) for level in counts.agreement],
    }
    write_text(folder / "counts.json", json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "counts.md", as_markdown(counts))


def as_markdown(counts: Counts) -> str:
    """The counts, the filter's quality and the annotators' agreement as tables."""
    lines = [
        "| stage | cases | images | normal | abnormal | articles or disorders | ICD-10-CM categories | |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for stage in counts.stages:
        numbers = (stage.cases, stage.images, stage.normal_cases, stage.abnormal_cases, stage.articles)
        categories = "" if stage.categories is None else f"{stage.categories:,}"
        details = ", ".join(f"{number:,} {what}" for what, number in stage.details.items())
        lines.append(f"| {stage.stage} | {' | '.join(f'{n:,}' for n in numbers)} | {categories} | {details} |")
    return "\n".join([*lines, *_quality_lines(counts.quality), *_agreement_lines(counts.agreement)]) + "\n"


def _quality_lines(quality: FilterQuality | None) -> list[str]:
    if quality is None:
        return []
    kept, left_out = quality.kept, quality.left_out
    return [
        "",
        "| filter, both prompts agree | articles | checked | disorder | no disorder |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {name} | {s.articles:,} | {s.checked:,} | {s.disorders:,} | {s.checked - s.disorders:,} |"
            for name, s in (("kept", kept), ("left out", left_out))
        ),
        "",
        f"Precision {_share(quality.precision, quality.precision_interval)}, "
        f"recall {_share(quality.recall, quality.recall_interval)} (95 % intervals).",
    ]


def _share(value: float | None, bounds: tuple[float, float] | None) -> str:
    if value is None or bounds is None:
        return "not known"
    return f"{value:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"


def _agreement_lines(agreement: tuple[Agreement, Agreement] | None) -> list[str]:
    if agreement is None or not any(level.items and level.annotators_per_item > 1 for level in agreement):
        return []
    lines = ["", "| agreement | annotators | disorders | agreed | kappa |", "|---|---|---:|---:|---:|"]
    for level in agreement:
        everyone = f"all, {level.annotators_per_item} each (Fleiss)"
        lines.append(f"| {level.level} | {everyone} | {level.items:,} | {level.agreed:.1%} | {_kappa(level.kappa)} |")
        lines += [
            f"| {level.level} | {' and '.join(pair.annotators)} (Cohen) | {pair.items:,} | {pair.agreed:.1%} | "
            f"{_kappa(pair.kappa)} |"
            for pair in level.pairs
        ]
    return lines


def _kappa(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
