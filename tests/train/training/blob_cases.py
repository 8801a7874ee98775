"""A tiny made-up data set: bright or dark blobs, learnable in seconds, with a volume beside every third image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality
from raddiag_train.data.records import CaseRecord, ScanRecord, write_records

SIZE_PX = 24
RECIPE = """
[data]
cases = ["cases.jsonl"]
preparation_workers = 1

[network]
embedding_width = 32

[network.resnet]
normalisation_depth = 10
shared_depth = 10
normalisation_width = 4
shared_width = 4

[network.fusion]
layers = 1
heads = 2
dropout = 0.1

[preparation]
image_size_px = 32
volume_size_px = 48
depth = 4
windowing = "stored"
quantise_8bit = true

[optimisation]
epochs = 2
batch_cases = 16
learning_rate = 5e-3
ema_decay = 0.9
modality_dropout = 0.2
scan_dropout = 0.2
mixup_alpha = 0.2
precision = "fp32"

[run]
log_steps = 1
checkpoint_steps = 4
kept_checkpoints = 10

[card]
name = "blobs"

[card.sources.blobs]
real = false
terms = "made up"
"""


def write_blob_cases(
    folder: Path, train: int = 48, validation: int = 32, seed: int = 0, *, masks: bool = False
) -> Path:
    """Write images and cases.jsonl; every other case has a bright blob, the others a dark one.

    Args:
        folder: Made if absent.
        train: Cases to learn from.
        validation: Cases to be judged on.
        seed: Of the images.
        masks: Give every image with a bright blob a lesion mask.

    Returns:
        The cases.jsonl.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    records = []
    for number in range(train + validation):
        bright = number % 2 == 0
        scans = [_image(folder / f"{number}.png", bright, generator)]
        if masks and bright:
            scans = [replace(scans[0], masks={"Bright blob": _mask(folder / f"{number}.png")})]
        if number % 3 == 0:
            scans.append(_volume(folder / f"{number}.nii.gz", bright, generator))
        records.append(
            CaseRecord(
                case_id=f"case-{number}",
                patient_id="",
                anatomy=Anatomy.CHEST,
                split="train" if number < train else "validation",
                scans=tuple(scans),
                disorders=("Bright blob" if bright else "Normal",),
                icd10cm=("R91.1" if bright else "",),
                source="blobs",
            )
        )
    write_records(folder / "cases.jsonl", records)
    return folder / "cases.jsonl"


def write_recipe(folder: Path, text: str = RECIPE) -> Path:
    """Write the recipe beside the cases."""
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _image(path: Path, bright: bool, generator: np.random.Generator) -> ScanRecord:
    Image.fromarray(_blob(bright, generator)).save(path)
    return ScanRecord(path, Modality.XRAY)


def _mask(image: Path) -> Path:
    """Where an image is brightest, as a mask beside it."""
    path = image.with_suffix(".mask.png")
    Image.fromarray((np.asarray(Image.open(image)) > 180).astype(np.uint8)).save(path)
    return path


def _volume(path: Path, bright: bool, generator: np.random.Generator) -> ScanRecord:
    import nibabel

    slices = np.stack([_blob(bright, generator).T for _ in range(6)], axis=-1)
    nibabel.save(nibabel.Nifti1Image(slices, np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT)


def _blob(bright: bool, generator: np.random.Generator) -> np.ndarray:
    """(24, 24) uint8: noise about grey, with a blob somewhere."""
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    row, column = generator.uniform(6, SIZE_PX - 6, 2)
    blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)
    picture = 128 + generator.normal(0, 8, (SIZE_PX, SIZE_PX)) + (90 if bright else -90) * blob
    return picture.clip(0, 255).astype(np.uint8)
