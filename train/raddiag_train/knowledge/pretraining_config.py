"""How a knowledge encoder is pre-trained: data, stored as config.toml of the run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raddiag_engine.configuration import from_mapping, require_counts, with_overrides
from raddiag_engine.errors import ConfigError


@dataclass(frozen=True)
class EncoderConfig:
    """Where pre-training starts.

    Attributes:
        start: "hashed_ngram" for the small encoder, or the folder of an encoder: one that was pre-trained here, or a
            BERT-like one of transformers; or, where there is no such folder, a repository of the Hugging Face hub,
            such as "ncbi/MedCPT-Query-Encoder".
        pooling: Of a plain transformers folder: "auto" for what it states in 1_Pooling/config.json, or else by the
            first token; or "cls" (MedCPT) or "mean" (sentence encoders).
        buckets: Of the small encoder's hashed features.
        width: Of the small encoder's vectors.
    """

    start: str = "hashed_ngram"
    pooling: Literal["auto", "cls", "mean"] = "auto"
    buckets: int = 32768
    width: int = 256

    def __post_init__(self) -> None:
        require_counts(self)


@dataclass(frozen=True)
class PretrainingConfig:
    """One pre-training run.

    Attributes:
        pairs: pairs.jsonl; only its training part is learned from.
        encoder: Where it starts.
        steps: Optimiser steps.
        batch_pairs: Pairs of a step.
        hard_negatives: Most hard negatives that each pair brings into its batch.
        negatives: N of equation 4, most negatives of a term; 0 means all texts of the batch that may be one.
        temperature: Of equation 4.
        shares: How often pairs of each kind are drawn, in any unit.
        learning_rate: Highest of the schedule.
        weight_decay: AdamW's.
        warmup_share: Share of the steps in which the learning rate rises.
        gradient_clip: Largest norm of the gradient; 0 means no limit.
        ema_decay: Of the average of the weights, which is what is published; 0 means the last weights themselves.
        seed: Of every draw.
        log_steps: Steps between two lines of metrics.jsonl.
        checkpoint_steps: Steps between two checkpoints.
        kept_checkpoints: Newest checkpoints that are kept.
        device: "auto", "cpu" or "cuda".
    """

    pairs: str
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    steps: int = 700
    batch_pairs: int = 128
    hard_negatives: int = 1
    negatives: int = 0
    temperature: float = 0.1
    shares: dict[str, float] = field(default_factory=lambda: {"synonym": 1.0, "hierarchy": 1.0, "description": 0.5})
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    warmup_share: float = 0.05
    gradient_clip: float = 1.0
    ema_decay: float = 0.99
    seed: int = 0
    log_steps: int = 50
    checkpoint_steps: int = 500
    kept_checkpoints: int = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "log_steps", "checkpoint_steps", "kept_checkpoints"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.batch_pairs < 2:
            raise ValueError("batch_pairs must be at least 2: the texts of other pairs are the negatives")
        if min(self.hard_negatives, self.negatives) < 0:
            raise ValueError("hard_negatives and negatives must not be negative")
        if not self.temperature > 0 or not self.learning_rate > 0:
            raise ValueError("temperature and learning_rate must be above 0")
        if not 0 <= self.warmup_share < 1 or not 0 <= self.ema_decay < 1:
            raise ValueError("warmup_share and ema_decay must be at least 0 and below 1")
        if min(self.weight_decay, self.gradient_clip) < 0:
            raise ValueError("weight_decay and gradient_clip must not be negative")
        unknown = self.shares.keys() - {"synonym", "hierarchy", "description"}
        if unknown or min(self.shares.values(), default=0) < 0 or not sum(self.shares.values()) > 0:
            raise ValueError(
                "shares must be numbers for synonym, hierarchy and description, not negative and not all 0"
            )


def read_pretraining_config(recipe: Path | None, pairs: Path, assignments: list[str]) -> PretrainingConfig:
    """The settings: defaults, over them a TOML recipe if given, over both the command line.

    Raises:
        ConfigError: The recipe cannot be read, a key is unknown (with the nearest), or a value is wrong.
    """
    data: dict[str, object] = {}
    where = str(recipe) if recipe else "knowledge pretrain"
    if recipe:
        try:
            data = tomllib.loads(recipe.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{recipe}: no such recipe") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{recipe}: cannot be read as TOML ({error})") from error
    try:
        return from_mapping(PretrainingConfig, with_overrides({**data, "pairs": str(pairs.resolve())}, assignments))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
