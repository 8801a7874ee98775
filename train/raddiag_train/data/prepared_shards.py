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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import RaddiagError
from raddiag_train.data.npy_append import NpyAppender

SHARD_BYTES = 2**30
_PREFIX = "shard-"
_ENTRY = ("shard", "is_volume", "first row", "row behind the last", "flat", "modality_id", "first lesion row or -1")


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
        acquired_slices: Slices that a volume was made from, negative if they lie in the file in the other order; 0 for
            an image, and where an older version prepared it.
    """

    voxels: NDArray[np.uint8]
    is_volume: bool
    modality_id: int
    lesions: NDArray[np.uint8] | None = None
    acquired_slices: int = 0


class ShardWriter:
    """Writes prepared cases into shards under one folder; whatever is written survives an interruption.

    Args:
        folder: Made if absent.
        shard_bytes: A new shard is begun beyond this size.

    Raises:
        RaddiagError: By any method, if the folder cannot be written; nothing stays of the shard at hand.
    """

    def __init__(self, folder: Path, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._arrays: dict[str, NpyAppender] = {}
        self._cases: dict[str, list[list[int]]] = {}
        self._depths: dict[str, list[int]] = {}
        self._bytes = 0
        self._partial: Path | None = None

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish_shard()

    def add(self, key: str, scans: Iterable[StoredScan]) -> None:
        """Store a case under `key`."""
        with self._failures_named():
            self._add(key, scans)
        if self._bytes >= self._shard_bytes:
            self.finish_shard()

    def _add(self, key: str, scans: Iterable[StoredScan]) -> None:
        entries, depths = [], []
        for scan in scans:
            depths.append(scan.acquired_slices)
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
        self._depths[key] = depths

    def finish_shard(self) -> None:
        """Complete the shard at hand, if it holds any case, and make it visible."""
        with self._failures_named():
            self._finish_shard()

    def _finish_shard(self) -> None:
        for array in self._arrays.values():
            array.close()
        if self._partial is not None and self._cases:
            index = json.dumps({"cases": self._cases, "acquired_slices": self._depths})
            (self._partial / "index.json").write_text(index, encoding="utf-8")
            self._partial.rename(self._folder / self._partial.name.removesuffix(".partial"))
        elif self._partial is not None:
            shutil.rmtree(self._partial)
        self._forget()

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            partial = self._partial
            for array in self._arrays.values():
                with suppress(OSError):  # what is buffered cannot be written either
                    array.close()
            self._forget()
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)
            raise RaddiagError(
                f"{self._folder}: prepared scans cannot be written ({error.strerror or error}); free space, or name "
                "another folder for them (data.cache of a recipe, --cache)"
            ) from error

    def _forget(self) -> None:
        self._arrays, self._cases, self._depths, self._bytes, self._partial = {}, {}, {}, 0, None

    def _array(self, name: str, row_shape: tuple[int, ...]) -> NpyAppender:
        if self._partial is None:
            self._partial = self._folder / f"{_PREFIX}{uuid.uuid4().hex}.partial"
            self._partial.mkdir(parents=True)
        if name not in self._arrays:
            self._arrays[name] = NpyAppender(self._partial / f"{name}.npy", row_shape, np.dtype(np.uint8))
        return self._arrays[name]


class ShardReader:
    """Reads prepared cases from the complete shards of a folder, memory-mapped.

    The index is two arrays and a dictionary, as 195,000 scans are too many for an object each.

    Raises:
        RaddiagError: A shard is damaged; says which folder to delete.
    """

    def __init__(self, folder: Path) -> None:
        self._shards = sorted(p for p in folder.glob(f"{_PREFIX}*") if p.suffix != ".partial")
        self._maps: dict[tuple[int, str], NDArray[np.uint8]] = {}
        self._first: dict[str, int] = {}
        scans = [np.empty((0, len(_ENTRY)), dtype=np.int64)]
        depths = [np.empty(0, dtype=np.int32)]
        counts: list[int] = []
        for number, shard in enumerate(self._shards):
            try:
                index = json.loads((shard / "index.json").read_text(encoding="utf-8"))
                cases, of_cases = index["cases"], index.get("acquired_slices", {})
                entries = [[number, *entry] for of_case in cases.values() for entry in of_case]
                # Ragged or wordy entries of a damaged index end here.
                scans.append(np.array(entries, dtype=np.int64).reshape(len(entries), len(_ENTRY)))
                own = [depth for key in cases for depth in of_cases.get(key, [0] * len(cases[key]))]
                if len(own) != len(entries):
                    raise ValueError("its numbers of slices are not those of its scans")
                depths.append(np.array(own, dtype=np.int32))
                for key, of_case in cases.items():
                    self._first[key] = len(counts)
                    counts.append(len(of_case))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise RaddiagError(f"{shard}: damaged prepared data ({error}); delete this folder") from error
        self._scans = np.concatenate(scans)
        self._depths = np.concatenate(depths)
        self._ends = np.cumsum([0, *counts])

    def __contains__(self, key: str) -> bool:
        return key in self._first

    def keys(self) -> Iterable[str]:
        """What is stored."""
        return self._first.keys()

    def read(self, key: str) -> list[StoredScan]:
        """The scans stored under `key`; `voxels` are views of the files."""
        case = self._first[key]
        entries = self._scans[self._ends[case] : self._ends[case + 1]]
        return [
            self._stored(acquired, *map(int, entry))
            for acquired, entry in zip(self.acquired_slices(key), entries, strict=True)
        ]

    def acquired_slices(self, key: str) -> list[int]:
        """`StoredScan.acquired_slices` of the scans stored under `key`, without reading them."""
        case = self._first[key]
        return [int(depth) for depth in self._depths[self._ends[case] : self._ends[case + 1]]]

    def _stored(
        self,
        acquired: int,
        shard: int,
        is_volume: int,
        start: int,
        stop: int,
        flat: int,
        modality_id: int,
        lesion_start: int,
    ) -> StoredScan:
        rows = self._map(shard, _array_name(bool(is_volume)))[start:stop]
        lesions = None
        if lesion_start >= 0:
            lesion_rows = self._map(shard, _lesions_name(bool(is_volume)))
            lesions = lesion_rows[lesion_start : lesion_start + stop - start]
            lesions = lesions[0] if flat else lesions
        return StoredScan(rows[0] if flat else rows, bool(is_volume), modality_id, lesions, acquired)

    def __getstate__(self) -> dict[str, object]:
        # A loader's worker maps the files itself; a pickled memory map would be a copy of its content.
        return {**self.__dict__, "_maps": {}}

    def _map(self, shard: int, name: str) -> NDArray[np.uint8]:
        if (shard, name) not in self._maps:
            path = self._shards[shard] / f"{name}.npy"
            try:
                # Copy on write, as torch takes no read-only arrays; the file stays as it is.
                self._maps[shard, name] = np.load(path, mmap_mode="c", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise RaddiagError(f"{path}: damaged prepared data ({error}); delete its folder") from error
        return self._maps[shard, name]


def _array_name(is_volume: bool) -> str:
    return "volumes" if is_volume else "images"


def _lesions_name(is_volume: bool) -> str:
    return f"{_array_name(is_volume)}.lesions"
