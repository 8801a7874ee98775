"""raddiag data stats: what a data set holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from raddiag_train.data.composition import Composition
    from raddiag_train.data.statistics import DatasetStatistics


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data stats`."""
    parser = subparsers.add_parser(
        "stats",
        help="count disorders, modalities and splits",
        description="Cases of each disorder by split, with tiers, scans of each modality and anatomy, the paper's row "
        "of table 1, and its figures 4 to 6.",
    )
    parser.add_argument("cases", type=Path, nargs="+", metavar="CASES.JSONL")
    parser.add_argument("--name", help="of the data set, for its row (default: that of the first file's folder)")
    parser.add_argument("--top", type=int, default=50, help="disorders listed; 0 for all (default 50)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write statistics.json and the figures as PNG")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count and print."""
    from rich.console import Console

    from raddiag_engine.atomic import write_text
    from raddiag_train.data.composition import composition_of
    from raddiag_train.data.records import read_records
    from raddiag_train.data.statistics import statistics_of

    records = [record for path in args.cases for record in read_records(path)]
    statistics = statistics_of(records)
    found = composition_of(records, args.name or args.cases[0].resolve().parent.name)
    console = Console()
    named = f"{statistics.patients} patients named"
    console.print(f"{len(records)} cases, {sum(statistics.scans.values())} scans, {named}", highlight=False)
    console.print(_disorder_table(statistics, args.top))
    console.print(_scan_table(statistics))
    console.print(_row_of_table_1(found))
    console.print(_tail_table(found))
    if args.output:
        from raddiag_train.evaluation.plots.composition_plot import plot_composition

        write_text(args.output / "statistics.json", _json(found, statistics))
        for path in plot_composition(args.output, found):
            console.print(str(path), highlight=False)
    return 0


def _disorder_table(statistics: DatasetStatistics, top: int) -> Table:
    from rich.table import Table

    table = Table("disorder", "ICD-10-CM", "tier")
    for split in statistics.splits:
        table.add_column(split or "no split", justify="right")
    listed = statistics.disorders[: top or None]
    for disorder in listed:
        counts = [str(disorder.cases.get(split, 0)) for split in statistics.splits]
        table.add_row(disorder.name, ", ".join(disorder.icd10cm), disorder.tier, *counts)
    if len(listed) < len(statistics.disorders):
        table.add_row(f"and {len(statistics.disorders) - len(listed)} more")
    table.add_section()
    table.add_row("all cases", "", "", *(str(statistics.cases[split]) for split in statistics.splits))
    return table


def _scan_table(statistics: DatasetStatistics) -> Table:
    from rich.table import Table

    table = Table("modality", "anatomy")
    table.add_column("scans", justify="right")
    for (modality, anatomy), count in statistics.scans.items():
        table.add_row(modality, anatomy, str(count))
    return table


def _row_of_table_1(found: Composition) -> Table:
    from rich.table import Table

    table = Table("dataset", "anatomy", "modality", title="table 1")
    for name in ("#image", "#disorders", "2D", "3D", "case-level"):
        table.add_column(name, justify="right")
    disorders = f"{found.disorders} (ICD-10-CM: {found.icd10cm})" if found.icd10cm else str(found.disorders)
    marks = [{True: "yes", False: "no", None: "?"}[value] for value in (found.has_2d, found.has_3d, found.case_level)]
    table.add_row(found.name, found.anatomy, found.modality, f"{found.images:,}", disorders, *marks)
    return table


def _tail_table(found: Composition) -> Table:
    from rich.table import Table

    table = Table("level", title="long tail: classes (cases)")
    for tier in ("head", "medium", "tail"):
        table.add_column(tier, justify="right")
    for tail in found.long_tails:
        cells = [f"{tail.classes[tier]} ({tail.cases_of_tier[tier]:,})" for tier in ("head", "medium", "tail")]
        table.add_row(tail.level, *cells)
    return table


def _json(found: Composition, statistics: DatasetStatistics) -> str:
    import json

    from raddiag_engine.configuration import to_mapping

    data = {
        "schema": 1,
        **to_mapping(found),
        "patients_named": statistics.patients,
        "splits": {split or "none": count for split, count in statistics.cases.items()},
        "classes": to_mapping(statistics.disorders),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
