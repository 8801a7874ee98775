"""What a knowledge encoder is to those who use it: texts in, vectors of length 1 out. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TextEncoder(Protocol):
    """Turns names and sentences into vectors whose dot product says how near they are in meaning."""

    @property
    def name(self) -> str:
        """As shown in reports."""

    @property
    def width(self) -> int:
        """Numbers of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text, of length 1: (N, width)."""
