"""The encoder before its first step."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from raddiag_engine.knowledge.encoder_folder import encoder_of_folder_or_run
from raddiag_engine.knowledge.encoder_source import encoder_folder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.pretraining_config import EncoderConfig


def starting_encoder(config: EncoderConfig, pairs: Sequence[KnowledgePair], seed: int) -> TrainableEncoder:
    """The encoder that a run starts from, fetched from the hub if it is named by a repository.

    Raises:
        ModelError: The folder it starts from is not usable, or the hub does not give it out.
    """
    if config.start != HashedEncoder.kind:
        pooling = None if config.pooling == "auto" else config.pooling
        return encoder_of_folder_or_run(encoder_folder(config.start), pooling)
    torch.manual_seed(seed)
    encoder = HashedEncoder(config.buckets, config.width)
    encoder.prepare([text for pair in pairs for text in (pair.term, pair.text)])
    return encoder
