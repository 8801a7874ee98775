"""raddiag data stats: what a data set holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from raddiag_train.data.statistics import DatasetStatistics


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data stats`."""
    parser = subparsers.add_parser(
        "stats",
        help="count disorders, modalities and splits",
        description="Cases of each disorder by split, with tiers, and scans of each modality and anatomy.",
    )
    parser.add_argument("cases", type=Path, nargs="+", metavar="CASES.JSONL")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count and print."""
    from rich.console import Console

    from raddiag_train.data.records import read_records
    from raddiag_train.data.statistics import statistics_of

    records = [record for path in args.cases for record in read_records(path)]
    statistics = statistics_of(records)
    console = Console()
    named = f"{statistics.patients} patients named"
    console.print(f"{len(records)} cases, {sum(statistics.scans.values())} scans, {named}", highlight=False)
    console.print(_disorder_table(statistics))
    console.print(_scan_table(statistics))
    return 0


def _disorder_table(statistics: DatasetStatistics) -> Table:
    from rich.table import Table

    table = Table("disorder", "ICD-10-CM", "tier")
    for split in statistics.splits:
        table.add_column(split or "no split", justify="right")
    for disorder in statistics.disorders:
        counts = [str(disorder.cases.get(split, 0)) for split in statistics.splits]
        table.add_row(disorder.name, ", ".join(disorder.icd10cm), disorder.tier, *counts)
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
