"""Scans as the picture networks of the baselines take them: square RGB images, normalised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from raddiag_engine.errors import ConfigError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.prepared import prepare_record
from raddiag_train.data.records import CaseRecord

BATCH = 32


def only_images(records: Sequence[CaseRecord]) -> bool:
    """True if every scan is a picture by its file; volumes are nothing for a picture network."""
    suffixes = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
    return all(scan.path.suffix.lower() in suffixes for record in records for scan in record.scans)


def picture_batches(
    records: Sequence[CaseRecord], size_px: int, mean: Sequence[float], std: Sequence[float]
) -> Iterator[tuple[list[int], Tensor]]:
    """The pictures of the cases, in batches: the case each is of, and pictures_N3HW.

    Args:
        records: Of images alone.
        size_px: Height and width.
        mean: Of each channel, in [0, 1]; taken off.
        std: Divided by.

    Raises:
        ConfigError: A scan is a volume.
        ReadError: A file cannot be read.
    """
    preparation = PreparationConfig(image_size_px=size_px, volume_size_px=size_px)
    shift, scale = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)
    owners: list[int] = []
    pictures: list[Tensor] = []
    for index, record in enumerate(records):
        for scan in prepare_record(record, preparation):
            if scan.is_volume:
                raise ConfigError(f"case {record.case_id}: has a volume, which a picture network does not take")
            grey_HW = torch.from_numpy(scan.voxels).reshape(-1, size_px, size_px)[0].float() / 255
            pictures.append((grey_HW.expand(3, size_px, size_px) - shift) / scale)
            owners.append(index)
            if len(pictures) == BATCH:
                yield owners, torch.stack(pictures)
                owners, pictures = [], []
    if pictures:
        yield owners, torch.stack(pictures)
