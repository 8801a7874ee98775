"""Names with their vectors, in a safetensors file that says which encoder made them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ModelError

TENSOR = "embeddings"


@dataclass(frozen=True, eq=False)
class NameEmbeddings:
    """Names and their vectors.

    Attributes:
        names: In the order of the rows.
        vectors_NW: Of length 1; float32, or float16 where they are only kept for speed.
        encoder: Name of the encoder, for people.
        encoder_sha256: See `identity.py`.
    """

    names: tuple[str, ...]
    vectors_NW: NDArray[np.floating]
    encoder: str
    encoder_sha256: str


def write_embeddings(
    path: Path, names: Sequence[str], vectors_NW: NDArray[np.floating], encoder: str, sha256: str
) -> None:
    """Write the file, whole or not at all.

    Raises:
        ModelError: It cannot be written.
    """
    metadata = {"schema": "1", "names": json.dumps(list(names)), "encoder": encoder, "encoder_sha256": sha256}
    try:
        with atomic_path(path) as unfinished:
            save_file({TENSOR: np.ascontiguousarray(vectors_NW)}, unfinished, metadata=metadata)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be written ({error}); name another file") from error


def read_embeddings(path: Path) -> NameEmbeddings:
    """Read the file.

    Raises:
        ModelError: It is missing, damaged or something else.
    """
    try:
        with safe_open(path, framework="np") as stored:
            metadata = stored.metadata() or {}
            names = json.loads(metadata["names"])
            embeddings = NameEmbeddings(
                tuple(names), stored.get_tensor(TENSOR), metadata["encoder"], metadata["encoder_sha256"]
            )
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: not a file of embedded names ({error}); make it with `raddiag knowledge embed`"
        ) from error
    if len(embeddings.names) != len(embeddings.vectors_NW):
        raise ModelError(f"{path}: {len(embeddings.names)} names but {len(embeddings.vectors_NW)} vectors")
    return embeddings
