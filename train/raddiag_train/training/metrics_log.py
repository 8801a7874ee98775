"""metrics.jsonl of a run folder: one JSON object a line, in the order of the steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import write_text


class MetricsLog:
    """Appends lines; each is on disk before the next step.

    Args:
        path: The file; made if absent.
        after_step: Lines of later steps are removed: a resumed run makes those steps again.
    """

    def __init__(self, path: Path, after_step: int) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if _step(line) <= after_step]
        if kept != lines:
            write_text(path, "".join(f"{line}\n" for line in kept))

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Append a line.

        Args:
            kind: "training" or "validation".
            step: Steps done.
            values: Figures by name.
        """
        line = json.dumps({"kind": kind, "step": step, **values}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(line + "\n")


def _step(line: str) -> float:
    """The step of a line; one that was cut off while it was written belongs to no step."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
