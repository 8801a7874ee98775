"""The frozen text embeddings of the disorders that a run learns (equation 5), and the encoder that made them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from raddiag_engine.knowledge.encoder_source import encoder_folder
from raddiag_engine.knowledge.identity import encoder_sha256
from raddiag_engine.knowledge.model_encoder import encoder_as_used
from raddiag_engine.knowledge.stored_encoder import encoder_tensors, is_storable, round_to_stored
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_train.data.labels import LabelSpace
from raddiag_train.knowledge.untrained_encoder import untrained_encoder
from raddiag_train.training.knowledge_config import UNTRAINED, KnowledgeConfig


@dataclass(frozen=True, eq=False)
class LabelText:
    """The text of the classes of a run.

    Attributes:
        embeddings_KT: Of the names of all classes in training, ancestors included, in the order of the logits.
        card: Of the encoder, as the model's card has it.
        tensors: Of the encoder, if the model takes it along; else none.
    """

    embeddings_KT: Tensor
    card: EncoderCard
    tensors: dict[str, Tensor]


def embed_labels(config: KnowledgeConfig, labels: LabelSpace) -> LabelText:
    """Embed the names, once.

    An ancestor is embedded by its description in ICD-10-CM, as a disorder of that name would be.

    Raises:
        ModelError: The encoder is missing or damaged.
    """
    encoder = named_encoder(config.encoder, config.pooling)
    stored = is_storable(encoder)
    name = config.encoder if config.encoder == UNTRAINED else encoder_name(Path(config.encoder))
    return LabelText(
        embeddings_KT=torch.from_numpy(encoder.encode(labels.target_names)),
        card=EncoderCard(name, encoder.kind, encoder_sha256(encoder), encoder.settings(), stored),
        tensors=encoder_tensors(encoder) if stored else {},
    )


def named_encoder(name: str, pooling: Literal["auto", "cls", "mean"] = "auto") -> TrainableEncoder:
    """The encoder of a recipe or a command, as it embeds the names of a model.

    Args:
        name: A folder or run, a repository of the hub, or "hashed_ngram".
        pooling: Of a plain folder of transformers; "auto" for what it states.

    Raises:
        ModelError: The encoder is missing or damaged.
    """
    if name != UNTRAINED:
        return encoder_as_used(encoder_folder(name), None if pooling == "auto" else pooling)
    encoder = untrained_encoder()
    round_to_stored(encoder)
    return encoder


def encoder_name(folder: Path) -> str:
    """Name of an encoder's folder, for people; of a run, its own and not that of the folder "model" in it."""
    whole = folder.expanduser().resolve()
    return whole.parent.name if whole.name == "model" else whole.name
