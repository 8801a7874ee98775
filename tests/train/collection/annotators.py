"""People who fill in sheets, as they would: through a CSV file, some rows wrong, each the same for a seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

from tests.train.collection.made_up_collection import DISORDERS

Fill = Callable[[dict[str, str]], None]


def edit_sheet(path: Path, fill: Fill) -> int:
    """Change the rows of a sheet; how many there are."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        fill(row)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def says_what_is_a_disorder(row: dict[str, str]) -> None:
    """A reviewer who is always right."""
    row["is_disorder"] = "yes" if row["title"] in DISORDERS else "no"


def codes_carefully(row: dict[str, str]) -> None:
    """An annotator, or adjudicator, who is always right."""
    row["code"] = DISORDERS.get(row["disorder"], "none")


def codes_with_slips(seed: int, share: float) -> Fill:
    """An annotator who takes the first candidate for a share of the disorders."""
    generator = random.Random(seed)

    def fill(row: dict[str, str]) -> None:
        codes_carefully(row)
        if generator.random() < share and row["candidate 1"]:
            row["code"] = "1"
            row["comment"] = "not sure"

    return fill
