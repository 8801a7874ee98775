"""metrics.jsonl of a run folder: one JSON object a line, in the order of the steps; for TensorBoard too, if wished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raddiag_engine.atomic import write_text
from raddiag_engine.errors import ConfigError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

METRICS, BOARD = "metrics.jsonl", "tensorboard"


class MetricsLog:
    """Appends lines; each is on disk before the next step.

    Args:
        path: The file; made if absent.
        after_step: Lines of later steps are removed: a resumed run makes those steps again.
        board: Gets the same figures; None for none.
    """

    def __init__(self, path: Path, after_step: int, board: SummaryWriter | None = None) -> None:
        self._path, self._board = path, board
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
        if self._board is not None:
            for name, figure in _figures(values).items():
                self._board.add_scalar(f"{kind}/{name}", figure, step)
            self._board.flush()


class SilentLog:
    """The log of a process that leaves it to another to write."""

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Nothing."""


def open_log(folder: Path, after_step: int, tensorboard: bool) -> MetricsLog:
    """The log of a run folder.

    Args:
        folder: Of the run.
        after_step: Steps done so far.
        tensorboard: Write `tensorboard/` in the folder too.

    Raises:
        ConfigError: TensorBoard is not installed.
    """
    board = None
    if tensorboard:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError(
                "run.tensorboard needs the Python package tensorboard, which is not installed; "
                "pip install tensorboard, or leave it out: metrics.jsonl holds the same figures"
            ) from None
        board = SummaryWriter(str(folder / BOARD), purge_step=after_step + 1)
    return MetricsLog(folder / METRICS, after_step, board)


def _figures(values: Mapping[str, Any], where: str = "") -> dict[str, float]:
    """The numbers in nested plain data, by their path."""
    figures: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            figures |= _figures(value, f"{where}{name}/")
        elif isinstance(value, int | float):
            figures[f"{where}{name}"] = float(value)
    return figures


def _step(line: str) -> float:
    """The step of a line; one that was cut off while it was written belongs to no step."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
