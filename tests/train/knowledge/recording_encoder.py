"""An encoder of a few numbers that notes what it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder


class RecordingEncoder(TrainableEncoder):
    """A text's vector is the code of its first letter, times a weight.

    Attributes:
        seen: The texts of each call of `tokenise`.
    """

    kind = "recording"

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))
        self.seen: list[list[str]] = []

    def tokenise(self, texts: Sequence[str]) -> Tensor:
        self.seen.append(list(texts))
        return torch.tensor([float(ord(text[0])) for text in texts])

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, None] * self.weight

    @property
    def width(self) -> int:
        return len(self.weight)

    def settings(self) -> dict[str, object]:
        return {}
