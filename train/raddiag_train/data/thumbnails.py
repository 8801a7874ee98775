"""Small grey pictures of scans, by which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ReadError
from raddiag_train.data.near_duplicates import THUMBNAIL_PX

THREADS = 4


def thumbnail(path: Path) -> NDArray[np.float32]:
    """(32, 32) float32 means over areas of the picture, or of a volume's middle slice.

    Raises:
        ReadError: The file cannot be read.
    """
    from PIL import Image

    from raddiag_engine.reading import read_file

    [scan, *_] = read_file(path)
    voxels = scan.voxels if scan.voxels.ndim == 2 else scan.voxels[len(scan.voxels) // 2]
    if min(voxels.shape) < 1:
        raise ReadError(path, "the picture is empty")
    picture = Image.fromarray(np.nan_to_num(voxels.astype(np.float32)))
    return np.asarray(picture.resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX), dtype=np.float32)


def thumbnails(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> NDArray[np.float32]:
    """(N, 32, 32) thumbnails of files of one scan each.

    Raises:
        ReadError: A file cannot be read.
    """
    small = np.empty((len(paths), THUMBNAIL_PX, THUMBNAIL_PX), dtype=np.float32)
    with ThreadPoolExecutor(THREADS) as pool:
        for index, picture in enumerate(pool.map(thumbnail, paths)):
            small[index] = picture
            if progress is not None:
                progress(index + 1, len(paths))
    return small
