"""Names and sentences as hashed features: words, pairs of neighbouring words, and the letters they are made of.

The beginnings, roots and endings of medical words carry meaning ("-itis", "pneumo-"): runs of letters reach words that
were never seen whole. Features are hashed into a fixed number of buckets, so there is no vocabulary to ship.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm.words import words

LETTER_RUNS = (3, 4, 5)


def bucket_ids(text: str, buckets: int) -> NDArray[np.int64]:
    """The buckets of a text's features, each once, in no meaningful order; at least one, for an empty text too."""
    hashes = {zlib.crc32(feature.encode()) % buckets for feature in _features(text)}
    return np.fromiter(hashes or {0}, dtype=np.int64)


def _features(text: str) -> Iterator[str]:
    tokens = words(text)
    for token in tokens:
        yield f"w:{token}"
        marked = f"<{token}>"
        for length in LETTER_RUNS:
            yield from (marked[start : start + length] for start in range(len(marked) - length + 1))
    yield from (f"p:{first} {second}" for first, second in pairwise(tokens))
