"""What a model said of cases, stored so that figures are drawn again without the model or the images."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ConfigError

FILE_NAME = "predictions.npz"


@dataclass(frozen=True, eq=False)
class StoredPredictions:
    """N cases, K classes.

    Attributes:
        model: Name of the model.
        case_ids: (N,) text.
        sources: (N,) text.
        anatomies: (N,) text.
        names: (K,) text.
        tiers: (K,) text.
        normal: (K,) True for "Normal".
        calibrated: (K,) True where the card holds a calibration.
        probabilities_NK: As the engine gives them.
        logits_NK: Before calibration.
        targets_NK: What the cases have.
    """

    model: str
    case_ids: NDArray[np.str_]
    sources: NDArray[np.str_]
    anatomies: NDArray[np.str_]
    names: NDArray[np.str_]
    tiers: NDArray[np.str_]
    normal: NDArray[np.bool_]
    calibrated: NDArray[np.bool_]
    probabilities_NK: NDArray[np.float32]
    logits_NK: NDArray[np.float32]
    targets_NK: NDArray[np.bool_]

    def class_of(self, name: str) -> int:
        """Index of a class.

        Raises:
            ConfigError: There is none of that name; names the nearest.
        """
        import difflib

        found = np.flatnonzero(self.names == name)
        if not len(found):
            near = difflib.get_close_matches(name, self.names.tolist(), 1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"the model does not know {name!r}{hint}")
        return int(found[0])

    def groups(self) -> dict[str, NDArray[np.int64]]:
        """Tier -> its classes, "Normal" left out; tiers without classes are left out."""
        tiers = {tier: np.flatnonzero((self.tiers == tier) & ~self.normal) for tier in ("head", "medium", "tail")}
        return {tier: classes for tier, classes in tiers.items() if len(classes)}


def write_predictions(path: Path, stored: StoredPredictions) -> None:
    """Write a `.npz`, whole or not at all."""
    arrays = {name: np.asarray(value) for name, value in vars(stored).items()}
    with atomic_path(path) as unfinished, unfinished.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_predictions(folder_or_file: Path) -> StoredPredictions:
    """Read what `raddiag evaluate --output DIR` has stored.

    Raises:
        ConfigError: It is missing or damaged.
    """
    path = folder_or_file / FILE_NAME if folder_or_file.is_dir() else folder_or_file
    try:
        with np.load(path, allow_pickle=False) as arrays:
            columns = {name: arrays[name] for name in arrays.files}
        return StoredPredictions(**{**columns, "model": str(columns["model"])})
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `raddiag evaluate MODEL --cases F --output DIR` writes it") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: holds no predictions ({error}); evaluate again") from error
