"""Tables in Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math

from raddiag_train.evaluation.tier_results import Figure
from raddiag_train.experiments.table import ExperimentTable, Row, to_csv, to_markdown

TABLE = ExperimentTable(
    name="table_0",
    title="Table 0. A | B",
    label_titles=("what",),
    metrics=("auc", "f1"),
    rows=(
        Row(
            ("both | here",),
            {"auc": 91.05, "f1": 30.0},
            {"auc": Figure(0.9961, 0.9912, 0.999), "f1": Figure(0.5, math.nan, math.nan)},
        ),
        Row(("not run",), {"auc": 12.5}, {}),
        Row(("ours alone",), {}, {"auc": Figure(-0.012, -0.02, 0.001)}),
    ),
    notes=("a note",),
)


def test_markdown_has_the_papers_number_beside_ours() -> None:
    lines = to_markdown(TABLE).splitlines()
    assert "| what | AUC | F1 |" in lines
    assert r"| both \| here | 91.05 / 99.61 (99.1 to 99.9) | 30.00 / 50.00 |" in lines
    assert "| not run | 12.50 / – | – / – |" in lines
    assert "| ours alone | -1.20 (-2.0 to 0.1) | – |" in lines
    assert "- a note" in lines


def test_csv_has_every_number_in_a_column() -> None:
    header, *rows = csv.reader(io.StringIO(to_csv(TABLE)))
    assert header[:5] == ["what", "auc_paper", "auc_ours", "auc_low", "auc_high"]
    assert rows[0] == ["both | here", "91.05", "99.6100", "99.1200", "99.9000", "30.00", "50.0000", "", ""]
    assert rows[1] == ["not run", "12.50", *[""] * 7]
