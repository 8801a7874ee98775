"""What a model card says of the knowledge encoder that embedded the names of its disorders. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EncoderCard:
    """The knowledge encoder of a model with a knowledge head.

    Attributes:
        name: Of its folder or kind, for people.
        kind: Class of encoder, as in encoder.json.
        sha256: Of kind, settings and weights; see `raddiag_engine.knowledge.identity`.
        settings: What, beside the weights, makes it.
        stored: True if it lies in model.safetensors, so that the model folder needs nothing else to embed new names.
    """

    name: str
    kind: str
    sha256: str
    settings: dict[str, Any] = field(default_factory=dict)
    stored: bool = False

    def __post_init__(self) -> None:
        if Path(self.name).name != self.name or not self.name.isprintable():
            raise ValueError(
                f"{self.name!r} is no name of a knowledge encoder: it is looked for in a folder of that name"
            )
