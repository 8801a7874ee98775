"""How much one file may cost: the bounds that keep a decompression bomb from taking the machine down."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from raddiag_engine.errors import ReadError

GIB = 2**30
MAX_SCAN_BYTES = 4 * GIB
MAX_SLICE_PIXELS = 100_000_000
MAX_SLICES = 100_000


def check_size(path: Path, shape: Iterable[int], bytes_each: int) -> None:
    """Refuse an array that a header announces before anything of it is allocated.

    Args:
        path: The file that announces it.
        shape: Its lengths, ([slice,] row, column).
        bytes_each: Size of one voxel once read.

    Raises:
        ReadError: A length is zero or negative, a slice has more than `MAX_SLICE_PIXELS`, or the array more than
            `MAX_SCAN_BYTES`.
    """
    lengths = [int(n) for n in shape]
    text = " x ".join(map(str, lengths))
    if not lengths or min(lengths) < 1:
        raise ReadError(path, f"its header says {text} voxels; there is no image in it")
    if math.prod(lengths[-2:]) > MAX_SLICE_PIXELS:
        raise ReadError(path, f"{text} pixels; over {MAX_SLICE_PIXELS // 10**6} million in one slice are not read")
    need = math.prod(lengths) * bytes_each
    if need > MAX_SCAN_BYTES:
        raise ReadError(
            path, f"{text} voxels need {need / GIB:.1f} GiB, over the limit of {MAX_SCAN_BYTES / GIB:.0f} GiB"
        )
