"""The paper's numbers, one TOML file a table, each row with the settings by which its run differs from the others."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from raddiag_engine.configuration import from_mapping

FOLDER = Path(__file__).parent / "paper"


@dataclass(frozen=True)
class PaperRow:
    """A row of a table of the paper.

    Attributes:
        labels: Its first columns.
        values: Its numbers in per cent, in the order of the table's metrics; -1 where the paper has none.
        run: Name of the run that gives ours; rows of one name are of one run.
        overrides: KEY=VALUE by which that run differs from those of other rows.
        level: Label space of the run: "disorder" or "icd10cm".
        group: Classes that the row is about: "head", "medium", "tail", "all" or "with normal".
        pooling: How the predictions of a scan-level classifier become those of a case; empty for any other run.
        sources: Names of the data set in cases.jsonl, where the row is about one.
        portion: Of the training cases, such as "10%", where the row is about one.
        cases: Training cases that portion is, where the paper says so; 0 where it does not.
    """

    labels: tuple[str, ...]
    values: tuple[float, ...]
    run: str = ""
    overrides: tuple[str, ...] = ()
    level: str = "disorder"
    group: str = "all"
    pooling: str = ""
    sources: tuple[str, ...] = ()
    portion: str = ""
    cases: int = 0


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper.

    Attributes:
        title: What it shows.
        source: Document and table.
        label_titles: Of the first columns.
        metrics: Of the numbers.
        row: From top to bottom.
        defaults: KEY=VALUE for the runs of all rows.
        notes: What the paper leaves open and how it is done here.
    """

    title: str
    source: str
    label_titles: tuple[str, ...]
    metrics: tuple[str, ...]
    row: tuple[PaperRow, ...]
    defaults: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for row in self.row:
            if len(row.values) != len(self.metrics) or len(row.labels) != len(self.label_titles):
                raise ValueError(f"row {row.labels} does not fit the columns")

    def numbers(self, row: PaperRow) -> dict[str, float]:
        """Metric -> the paper's number; what it does not give is left out."""
        return {metric: value for metric, value in zip(self.metrics, row.values, strict=True) if value >= 0}


def paper_table(name: str) -> PaperTable:
    """The table in the file paper/NAME.toml."""
    path = FOLDER / f"{name}.toml"
    return from_mapping(PaperTable, tomllib.loads(path.read_text(encoding="utf-8")), path.name)
