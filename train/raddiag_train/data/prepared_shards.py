"""Prepared cases on disk: shards of memory-mapped uint8 slices, each complete or absent.

A shard is a folder `shard-<id>` with `images.npy` and `volumes.npy`, (rows, H, W) each, and `index.json`. A volume is a
run of rows, one a slice, so that volumes of different depth need no padding. Lesion maps, where a data set has them,
lie in `images.lesions.npy` and `volumes.lesions.npy` in the same way. A shard is written under another name and renamed
once it is complete.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import RaddiagError
from raddiag_train.data.npy_append import NpyAppender

SHARD_BYTES = 2**30
_PREFIX = "shard-"


@dataclass(frozen=True, eq=False)
class StoredScan:
    """One prepared scan.

    Attributes:
        voxels: (H, W) image, (slices, H, W) image of a model that wants several, or (D, H, W) volume; uint8,
            255 times the prepared value, rounded.
        is_volume: True for a volume.
        modality_id: Row of the table of modality embeddings.
        lesions: Of the shape of `voxels`: 1 + the position among the record's masks of the one that covers a voxel, 0
            where none does; None for a scan without masks.
    """

    voxels: NDArray[np.uint8]
    is_volume: bool
    modality_id: int
    lesions: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class _Entry:
    shard: int
    is_volume: bool
    rows: slice
    flat: bool
    modality_id: int
    lesion_rows: slice | None


class ShardWriter:
    """Writes prepared cases into shards under one folder; whatever is written survives an interruption.

    Args:
        folder: Made if absent.
        shard_bytes: A new shard is begun beyond this size.
    """

    def __init__(self, folder: Path, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._arrays: dict[str, NpyAppender] = {}
        self._cases: dict[str, list[list[int]]] = {}
        self._bytes = 0
        self._partial: Path | None = None

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish_shard()

    def add(self, key: str, scans: Iterable[StoredScan]) -> None:
        """Store a case under `key`."""
        entries = []
        for scan in scans:
            flat = scan.voxels.ndim == 2
            rows = scan.voxels[None] if flat else scan.voxels
            start, stop = self._array(_array_name(scan.is_volume), rows.shape[1:]).append(rows)
            first_lesion_row = -1
            if scan.lesions is not None:
                lesion_rows = scan.lesions[None] if flat else scan.lesions
                first_lesion_row, _ = self._array(_lesions_name(scan.is_volume), rows.shape[1:]).append(lesion_rows)
                self._bytes += lesion_rows.nbytes
            entries.append([int(scan.is_volume), start, stop, int(flat), scan.modality_id, first_lesion_row])
            self._bytes += rows.nbytes
        self._cases[key] = entries
        if self._bytes >= self._shard_bytes:
            self.finish_shard()

    def finish_shard(self) -> None:
        """Complete the shard at hand, if it holds any case, and make it visible."""
        for array in self._arrays.values():
            array.close()
        if self._partial is not None and self._cases:
            (self._partial / "index.json").write_text(json.dumps({"cases": self._cases}), encoding="utf-8")
            self._partial.rename(self._folder / self._partial.name.removesuffix(".partial"))
        elif self._partial is not None:
            shutil.rmtree(self._partial)
        self._arrays, self._cases, self._bytes, self._partial = {}, {}, 0, None

    def _array(self, name: str, row_shape: tuple[int, ...]) -> NpyAppender:
        if self._partial is None:
            self._partial = self._folder / f"{_PREFIX}{uuid.uuid4().hex}.partial"
            self._partial.mkdir(parents=True)
        if name not in self._arrays:
            self._arrays[name] = NpyAppender(self._partial / f"{name}.npy", row_shape, np.dtype(np.uint8))
        return self._arrays[name]


class ShardReader:
    """Reads prepared cases from the complete shards of a folder, memory-mapped.

    Raises:
        RaddiagError: A shard is damaged; says which folder to delete.
    """

    def __init__(self, folder: Path) -> None:
        self._shards = sorted(p for p in folder.glob(f"{_PREFIX}*") if p.suffix != ".partial")
        self._maps: dict[tuple[int, str], NDArray[np.uint8]] = {}
        self._entries: dict[str, list[_Entry]] = {}
        for number, shard in enumerate(self._shards):
            try:
                cases = json.loads((shard / "index.json").read_text(encoding="utf-8"))["cases"]
                for key, scans in cases.items():
                    self._entries[key] = [_entry(number, *scan) for scan in scans]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise RaddiagError(f"{shard}: damaged prepared data ({error}); delete this folder") from error

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def read(self, key: str) -> list[StoredScan]:
        """The scans stored under `key`; `voxels` are views of the files."""
        scans = []
        for entry in self._entries[key]:
            rows = self._map(entry.shard, _array_name(entry.is_volume))[entry.rows]
            lesions = None
            if entry.lesion_rows is not None:
                lesions = self._map(entry.shard, _lesions_name(entry.is_volume))[entry.lesion_rows]
                lesions = lesions[0] if entry.flat else lesions
            scans.append(StoredScan(rows[0] if entry.flat else rows, entry.is_volume, entry.modality_id, lesions))
        return scans

    def __getstate__(self) -> dict[str, object]:
        # A loader's worker maps the files itself; a pickled memory map would be a copy of its content.
        return {**self.__dict__, "_maps": {}}

    def _map(self, shard: int, name: str) -> NDArray[np.uint8]:
        if (shard, name) not in self._maps:
            path = self._shards[shard] / f"{name}.npy"
            try:
                self._maps[shard, name] = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise RaddiagError(f"{path}: damaged prepared data ({error}); delete its folder") from error
        return self._maps[shard, name]


def _entry(shard: int, volume: int, start: int, stop: int, flat: int, modality_id: int, lesion_start: int) -> _Entry:
    lesion_rows = None if lesion_start < 0 else slice(lesion_start, lesion_start + stop - start)
    return _Entry(shard, bool(volume), slice(start, stop), bool(flat), modality_id, lesion_rows)


def _array_name(is_volume: bool) -> str:
    return "volumes" if is_volume else "images"


def _lesions_name(is_volume: bool) -> str:
    return f"{_array_name(is_volume)}.lesions"
