"""Scans as the picture networks of the baselines take them: square RGB images, normalised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from raddiag_engine.errors import ConfigError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.prepared import prepare_record
from raddiag_train.data.prepared_shards import StoredScan
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.scan_reading import UnusableScan
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.evaluation.usable_scans import no_usable_scan, usable_positions

BATCH = 32


def only_images(records: Sequence[CaseRecord]) -> bool:
    """True if every scan is a picture by its file; volumes are nothing for a picture network."""
    suffixes = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
    return all(scan.path.suffix.lower() in suffixes for record in records for scan in record.scans)


def picture_batches(
    records: Sequence[CaseRecord],
    size_px: int,
    mean: Sequence[float],
    std: Sequence[float],
    set_aside: list[SetAside],
) -> Iterator[tuple[list[int], Tensor]]:
    """The pictures of the cases, in batches: the case each is of, and pictures_N3HW.

    Args:
        records: Of images alone.
        size_px: Height and width.
        mean: Of each channel, in [0, 1]; taken off.
        std: Divided by.
        set_aside: Gets the scans that the reader advises against, which are passed over.

    Raises:
        ConfigError: A scan is a volume.
        ReadError: A file cannot be read, or a case has no usable scan.
    """
    preparation = PreparationConfig(image_size_px=size_px, volume_size_px=size_px)
    shift, scale = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)
    owners: list[int] = []
    pictures: list[Tensor] = []
    for index, record in enumerate(records):
        for scan in _prepared(record, preparation, set_aside):
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


def _prepared(record: CaseRecord, preparation: PreparationConfig, set_aside: list[SetAside]) -> list[StoredScan]:
    try:
        return prepare_record(record, preparation)
    except UnusableScan:
        usable = usable_positions(record)
    if not usable:
        raise no_usable_scan(record)
    numbers = sorted({*range(len(record.scans))} - {*usable})
    set_aside += [SetAside(record.case_id, number + 1, "not usable") for number in numbers]
    return prepare_record(replace(record, scans=tuple(record.scans[one] for one in usable)), preparation)
