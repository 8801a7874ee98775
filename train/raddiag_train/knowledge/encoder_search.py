"""Disorders by how near their names lie to a text in meaning: cosine of a knowledge encoder's vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.knowledge.encoder import TextEncoder
from raddiag_train.knowledge.searched_disorder import DisorderHit, SearchedDisorder


class EncoderSearch:
    """Every name of the disorders as a vector; a disorder is as near as its nearest name.

    Args:
        disorders: To search in.
        encoder: Embeds names and texts alike.
        embed: Gives the vectors of the names in place of the encoder, such as from where they are kept.
    """

    def __init__(
        self,
        disorders: Sequence[SearchedDisorder],
        encoder: TextEncoder,
        embed: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
    ) -> None:
        self._disorders = tuple(disorders)
        self._encoder = encoder
        self._names = [name for disorder in self._disorders for name in disorder.names]
        counts_D = np.array([len(disorder.names) for disorder in self._disorders], dtype=np.int64)
        self._owners_M = np.repeat(np.arange(len(counts_D)), counts_D)
        self._vectors_MW = (embed or encoder.encode)(self._names)

    @property
    def encoder_name(self) -> str:
        """As shown in reports."""
        return self._encoder.name

    def search(self, text: str, top: int = 10) -> tuple[DisorderHit, ...]:
        """The nearest disorders, nearest first, at most `top`; the score is the cosine. None for an empty text."""
        if not text.strip() or not self._names:
            return ()
        cosines_M = self._vectors_MW @ self._encoder.encode([text])[0]
        hits: dict[int, DisorderHit] = {}
        for place in np.argsort(-cosines_M, kind="stable"):
            owner = int(self._owners_M[place])
            if owner not in hits:
                hits[owner] = DisorderHit(self._disorders[owner], self._names[place], float(cosines_M[place]))
            if len(hits) == top:
                break
        return tuple(hits.values())
