"""A knowledge encoder that can learn: what pre-training asks of it, beyond `TextEncoder`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

ENCODED_TOGETHER = 256
# On a CPU small batches stay in its caches and are padded less: 1.65 times as many names a second with a MiniLM.
ENCODED_TOGETHER_ON_CPU = 32


class TrainableEncoder(nn.Module, ABC):
    """Base of the encoders: a forward pass over what `tokenise` makes of texts.

    Attributes:
        kind: Name of the class of encoder, as in encoder.json.
    """

    kind: str

    @property
    def name(self) -> str:
        """As shown in reports."""
        return self.kind

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers of a vector."""

    @abstractmethod
    def tokenise(self, texts: Sequence[str]) -> Any:
        """Texts as the forward pass takes them, on the device of the weights."""

    @abstractmethod
    def forward(self, tokens: Any) -> Tensor:
        """Vectors of length 1: (N, width)."""

    def prepare(self, texts: Sequence[str]) -> None:
        """Called once before a new run with every text to be learned from; most encoders have nothing to do."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What, beside the weights, makes this encoder; as JSON."""

    def stored_weights(self) -> dict[str, Tensor]:
        """The weights under the names they are stored by."""
        return dict(self.state_dict())

    def save_files(self, folder: Path) -> None:
        """Write what the encoder needs beside encoder.json and its weights; most need nothing."""

    def vectors_of(self, texts: Sequence[str]) -> Tensor:
        """One vector a text, of length 1, float32, with its gradient: (N, width)."""
        # Texts of like length together: a transformer pads a batch to its longest.
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        device = next(self.parameters()).device
        together = ENCODED_TOGETHER_ON_CPU if device.type == "cpu" else ENCODED_TOGETHER
        groups = [order[start : start + together] for start in range(0, len(order), together)]
        found = [self(self.tokenise([texts[n] for n in group])).float() for group in groups]
        sorted_NW = torch.cat(found) if found else torch.empty((0, self.width), device=device)
        return sorted_NW[torch.tensor(order, dtype=torch.long, device=device).argsort()]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text, of length 1: (N, width)."""
        was_training = self.training
        self.eval()
        with torch.inference_mode():
            vectors_NW: NDArray[np.float32] = self.vectors_of(texts).cpu().numpy()
        self.train(was_training)
        return vectors_NW
