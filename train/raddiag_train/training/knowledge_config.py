"""Which knowledge encoder gives a knowledge head the text of its disorders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UNTRAINED = "hashed_ngram"


@dataclass(frozen=True)
class KnowledgeConfig:
    """The knowledge encoder of a run, for `network.head.kind = "knowledge"`; other heads do not look at it.

    Attributes:
        encoder: A run of `raddiag knowledge pretrain`, the folder of an encoder, a plain folder of transformers, a
            repository of the Hugging Face hub, or "hashed_ngram" for the small encoder before any training, which
            knows shared words and letters only.
        pooling: Of a plain folder of transformers: "auto" for what it states, "cls" (MedCPT) or "mean" (sentence
            encoders).
    """

    encoder: str = ""
    pooling: Literal["auto", "cls", "mean"] = "auto"
