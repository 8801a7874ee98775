"""The made-up released checkpoint (the authors' names and shapes, weights drawn by name), and its import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.released import import_released
from tests.engine.network.released import fill

RELEASED = Path(fill.__file__).parent
CLASSES = 5569


@dataclass(frozen=True)
class ReleasedFiles:
    """What the authors publish."""

    checkpoint: Path
    labels: Path


@pytest.fixture(scope="session")
def released_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleasedFiles]:
    """`pytorch_model.bin` (870 MB) as `torch.save` writes it, and a label file of as many made-up names."""
    folder = tmp_path_factory.mktemp("release")
    keys = json.loads((RELEASED / "state_dict_keys.json").read_text())
    torch.save(
        {name: torch.from_numpy(fill.tensor(name, shape)).reshape(shape) for name, shape in keys.items()},
        folder / "pytorch_model.bin",
    )
    names = ["Normal", "Meningioma", "Pneumothorax", *(f"Made-up disorder {index}" for index in range(3, CLASSES))]
    labels = {name: index for index, name in enumerate(names)}
    (folder / "disorder_label_dict.json").write_text(json.dumps(labels))
    yield ReleasedFiles(folder / "pytorch_model.bin", folder / "disorder_label_dict.json")
    (folder / "pytorch_model.bin").unlink()


@dataclass(frozen=True)
class ImportedRelease:
    """The model folder that the import made, and the card it returned."""

    folder: Path
    card: ModelCard


@pytest.fixture(scope="session")
def imported(released_files: ReleasedFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImportedRelease]:
    """The released checkpoint after `raddiag models import`."""
    folder = tmp_path_factory.mktemp("imported") / "raddiag-5569"
    card = import_released(released_files.checkpoint, released_files.labels, folder)
    yield ImportedRelease(folder, card)
    (folder / "model.safetensors").unlink()
