"""Vectors of names, kept on disk by the encoder that made them, so that a name is embedded once and not at each search.

A file an encoder, named by its SHA-256, in the user's folder; the vectors in half precision. The digest does not hold
the tokeniser, so some names are embedded anew and compared before a file is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.embedding_file import read_embeddings, write_embeddings
from raddiag_engine.knowledge.identity import encoder_sha256
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_engine.models.user_folder import user_folder

Vectors = NDArray[np.float32]

FEWEST_NAMES = 2000  # fewer are embedded sooner than a file is worth
KEPT_TOGETHER = 8192  # names between two writings: what is lost when someone stops it
KEPT_ENCODERS = 6
COMPARED_NAMES = 8
LEAST_COSINE = 0.999


def vectors_folder() -> Path:
    """Where the files are; any of them may be deleted."""
    return user_folder() / "cache" / "name_vectors"


def kept_vectors(
    encoder: TrainableEncoder, names: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Vectors:
    """The vectors of names, (N, width), recalled where they were made before; what is new is kept for the next time.

    Args:
        encoder: That embeds them.
        names: Any; fewer than `FEWEST_NAMES` are embedded at once and not kept.
        progress: Called with names done and to do, if any must be embedded.
    """
    if len(names) < FEWEST_NAMES:
        return encoder.encode(names)
    digest = encoder_sha256(encoder)
    path = vectors_folder() / f"{digest}.safetensors"
    known, vectors_MW = _read(path, encoder, digest)
    rows = {name: row for row, name in enumerate(known)}
    missing = sorted({name for name in names if name not in rows}, key=lambda name: (len(name), name))
    for start in range(0, len(missing), KEPT_TOGETHER):
        if progress:
            progress(start, len(missing))
        together = missing[start : start + KEPT_TOGETHER]
        rows |= {name: len(rows) + place for place, name in enumerate(together)}
        vectors_MW = np.concatenate([vectors_MW, encoder.encode(together).astype(np.float16)])
        # Kept only for speed: a full disk or a folder that is read-only must not stop a search.
        with suppress(ModelError, OSError):
            write_embeddings(path, tuple(rows), vectors_MW, encoder.name, digest)
            _forget_oldest(path)
    if progress and missing:
        progress(len(missing), len(missing))
    if not missing:
        with suppress(OSError):
            path.touch()  # used now, so it is not the oldest
    return vectors_MW[[rows[name] for name in names]].astype(np.float32)


def _read(path: Path, encoder: TrainableEncoder, digest: str) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    """What the file holds; nothing if there is none, or it is damaged or of an encoder with another tokeniser."""
    nothing: tuple[tuple[str, ...], NDArray[np.floating]] = (), np.empty((0, encoder.width), dtype=np.float16)
    try:
        kept = read_embeddings(path)
    except ModelError:
        return nothing
    vectors_MW = kept.vectors_NW
    fits = kept.encoder_sha256 == digest and vectors_MW.shape[1:] == (encoder.width,)
    if not fits or vectors_MW.dtype != np.float16 or not len(vectors_MW):
        return nothing
    compared = np.linspace(0, len(kept.names) - 1, COMPARED_NAMES).astype(int)
    fresh_CW = encoder.encode([kept.names[row] for row in compared])
    cosines_C = (fresh_CW * vectors_MW[compared].astype(np.float32)).sum(axis=1)
    return (kept.names, vectors_MW) if (cosines_C >= LEAST_COSINE).all() else nothing


def _forget_oldest(path: Path) -> None:
    """Of the files, the newest `KEPT_ENCODERS` stay: someone who trains encoders searches with many."""
    by_age = sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in by_age[KEPT_ENCODERS:]:
        file.unlink(missing_ok=True)
